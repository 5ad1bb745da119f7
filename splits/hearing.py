"""Who may hear a clip because of its release: everybody."""

from __future__ import annotations

from consonance.catalog.media_access import public_when
from consonance.catalog.models import Clip
from splits.models import ReleaseClip


@public_when
def is_released(clip: Clip) -> bool:
    """Return whether a published release holds the clip."""
    return ReleaseClip.objects.filter(clip=clip).exists()
