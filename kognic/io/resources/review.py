"""Reviews: acceptance or rejection of annotations, with feedback."""

from __future__ import annotations

from kognic.base_clients.http.client import HttpClient
from kognic.io.model.review.review import Review, ReviewErrorType, ReviewRequest, ReviewResponse
from kognic.io.resources import operations
from kognic.io.resources.shapes import expected, items


class ReviewResource:
    """Reviews of delivered annotations and of inputs that wait for an integration review."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    def create_review(self, open_label_uuid: str, body: ReviewRequest) -> ReviewResponse:
        """Accept or reject an annotation.

        The input is updated within seconds.

        Args:
            open_label_uuid: UUID of a delivered document (in its metadata and file name), or
                `last_completed_annotation_id` of a request input.
            body: The review. Set `workflow` for delivered annotations, and omit it for inputs in an
                integration review.

        Raises:
            ValueError: `body` is not a `ReviewRequest`; nothing was sent.
            BadRequestError: The platform rejected the review.
            NotFoundError: The annotation does not exist.
            AmbiguousWriteError: The response was lost, so the review may exist; it cannot be distinguished
                from an identical one. Check `get_auto_reviews` before you retry.
        """
        expected("body", body, ReviewRequest)
        created = self._client.call(
            operations.CREATE_REVIEW, {"annotation_id": open_label_uuid}, json=body.to_dict()
        )
        return ReviewResponse.from_json(created)

    def get_review(self, review_id: str) -> Review:
        """Get a review.

        Raises:
            NotFoundError: The review does not exist.
        """
        return Review.from_json(self._client.call(operations.GET_REVIEW, {"review_id": review_id}))

    def get_error_types(self) -> list[ReviewErrorType]:
        """List the error types for feedback items.

        Raises:
            ApiError: The request failed.
        """
        found = self._client.call(operations.GET_REVIEW_ERROR_TYPES)
        return [ReviewErrorType.from_json(item) for item in items(found, operations.GET_REVIEW_ERROR_TYPES)]

    def get_auto_reviews(self, request_input_id: str) -> list[Review]:
        """List the reviews that sent an input back.

        Args:
            request_input_id: UUID of the input.

        Returns:
            The rejecting reviews with their feedback; accepting reviews are not listed.

        Raises:
            NotFoundError: The input does not exist.
        """
        found = self._client.call(operations.GET_AUTO_REVIEWS, {"request_input_id": request_input_id})
        return [Review.from_json(item) for item in items(found, operations.GET_AUTO_REVIEWS)]
