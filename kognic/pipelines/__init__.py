"""Many of them: uploading scenes, bulk runs, exports."""
