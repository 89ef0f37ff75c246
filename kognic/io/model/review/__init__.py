"""Reviews of annotations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kognic._core.lazy import attach

if TYPE_CHECKING:
    from kognic.io.model.review.review import (
        AddFeedbackItem,
        AddFeedbackItemPin,
        AddFeedbackItemSuggestedProperty,
        Review,
        ReviewErrorType,
        ReviewMember,
        ReviewRequest,
        ReviewResponse,
        ReviewWorkflowEnum,
    )
else:
    __getattr__, __dir__ = attach(
        __name__,
        {
            "AddFeedbackItem": "kognic.io.model.review.review",
            "AddFeedbackItemPin": "kognic.io.model.review.review",
            "AddFeedbackItemSuggestedProperty": "kognic.io.model.review.review",
            "Review": "kognic.io.model.review.review",
            "ReviewErrorType": "kognic.io.model.review.review",
            "ReviewMember": "kognic.io.model.review.review",
            "ReviewRequest": "kognic.io.model.review.review",
            "ReviewResponse": "kognic.io.model.review.review",
            "ReviewWorkflowEnum": "kognic.io.model.review.review",
        },
    )

__all__ = [
    "AddFeedbackItem",
    "AddFeedbackItemPin",
    "AddFeedbackItemSuggestedProperty",
    "Review",
    "ReviewErrorType",
    "ReviewMember",
    "ReviewRequest",
    "ReviewResponse",
    "ReviewWorkflowEnum",
]
