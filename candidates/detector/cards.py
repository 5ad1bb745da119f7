"""Model cards: what stands beside weights, and whether the two belong together."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from consonance.errors import ModelError


def matching(path: Path) -> dict[str, Any]:
    """Return the card of a file of weights, which lies beside it with the suffix ``.json``.

    Raises
    ------
    ModelError
        If either is missing, the card is damaged, or it speaks of other weights.
    """
    card_path = path.with_suffix(".json")
    try:
        card = json.loads(card_path.read_text(encoding="utf-8"))
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The weights {path.name} and their card {card_path.name} cannot be read: {error}"
        ) from error
    if not isinstance(card, dict) or card.get("weights_sha256") != digest:
        raise ModelError(
            f"{path} does not belong to its card {card_path.name}: its SHA-256 is {digest}. "
            "Restore both files or train again."
        )
    return card
