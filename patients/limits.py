"""How large and how small an image may be. Each installation may choose others in its environment."""

from __future__ import annotations

from django.conf import settings

from skinclinic import env

MAX_BYTES: int = settings.IMAGE_MAX_MB * 2**20
"""A 48-megapixel phone JPEG has about 15 MB. An upload is held in memory while it is checked, so more would cost every web worker."""
MAX_PIXELS = int(min(env.number("IMAGE_MAX_MEGAPIXELS", 40), 40) * 10**6)
"""A decoded pixel takes 4 bytes, and turning a picture needs it twice: 40 megapixels are 320 MB for a moment. Analysis reads no more."""
MAX_ASPECT = 6
"""A longer strip is a ruler or a banner; the analysis would refuse it."""
MIN_SIDE_PX = int(env.number("IMAGE_MIN_SIDE_PX", 100))
"""Below this no structure inside a lesion can be told apart, by people or by networks."""
DISPLAY_SIDE_PX = 1600
"""Pages show no more than this of a larger picture: a phone's 12 megapixels would take seconds on a practice's line."""
THUMBNAIL_SIDE_PX = 320
"""Sharp on a phone's card of 160 CSS pixels with two device pixels each."""
BREAK_GLASS_MINUTES = int(env.number("BREAK_GLASS_MINUTES", 60))
"""Long enough to settle one question about one record."""
SLA_HOURS = {
    "urgent": int(env.number("SLA_URGENT_HOURS", 24)),
    "soon": int(env.number("SLA_SOON_HOURS", 72)),
    "routine": int(env.number("SLA_ROUTINE_HOURS", 240)),
}
"""How soon a case of each urgency has to be answered."""

# What is removed by itself, after how many days: patients.services.housekeeping. Never records, pictures or the audit trail.
NOTIFICATIONS_KEPT_DAYS = 365
"""After they were read. Unread ones stay."""
INVITATIONS_KEPT_DAYS = 90
"""After they were used, taken back or expired: long enough to see what became of one, or to renew it."""
ANSWER_DRAFTS_KEPT_DAYS = 30
"""After the last typing, and only when their case is closed or discarded."""
MAIL_FILES_KEPT_DAYS = 30
"""Of mails that were written as files, for want of a mail server."""
