"""What of a person may be shown to somebody who has not asked to see all of it. Pure.

Enough to recognise a citizen one already knows, not enough to find or to call one. Anonymous people are not masked
but left out: that is the caller's job.
"""

from __future__ import annotations

import re

DOT = "•"
#: Phone numbers as people type them, and e-mail addresses.
CONTACT = (
    r"((?:\+?84|(?<![0-9])0)(?:[ .()-]{0,2}[0-9]){8,10}(?![0-9])"
    r"|[^ \t\r\n,;<>()]+@[^ \t\r\n,;<>()@]+[.][a-zA-Z]{2,})"
)


def masked_name(name: str) -> str:
    """The family name and initials: "Nguyễn Văn An" becomes "Nguyễn V. A."; a single word becomes its initial."""
    first, *others = name.split() or [""]
    initials = [f"{word[0]}." for word in others]
    return " ".join([first, *initials]) if initials else (f"{first[0]}." if first else "")


def masked_phone(phone: str) -> str:
    """The first two and the last two digits as dialled in Vietnam: "+84901234527" becomes "09•• ••• •27"."""
    digits = re.sub(r"\D", "", re.sub(r"^\+84", "0", phone.strip()))
    if not digits:
        return ""
    if len(digits) < 8:
        return DOT * 3
    dots = DOT * (len(digits) - 4)
    return f"{digits[:2]}{dots[:2]} {dots[2:-1]} {dots[-1:]}{digits[-2:]}"


def masked_email(email: str) -> str:
    """The first letter and the top-level domain: "an.nguyen@example.vn" becomes "a•••@•••.vn"."""
    local, at, domain = email.strip().rpartition("@")
    if not at or not local:
        return DOT * 3 if email.strip() else ""
    return f"{local[0]}{DOT * 3}@{DOT * 3}.{domain.rpartition('.')[2]}"


def without_contacts(text: str) -> str:
    """The text with dots in place of phone numbers and e-mail addresses."""
    return re.sub(CONTACT, DOT * 3, text)


def has_contact(text: str) -> bool:
    """Whether a text names a phone number or an e-mail address."""
    return re.search(CONTACT, text) is not None
