"""People: users and their roles, guests, browser sessions, tokens, and what each role may do.

Not here: what a subject or a token is technically (infra/auth). Logins are sealed at rest and found by a blind index.
"""

from bottega.domains.identity.actions import People, close_session, hash_password, issue_refresh, open_session, refresh
from bottega.domains.identity.errors import GrantUnsupported, LoginTaken, MerchantNeeded, RefreshRefused, WrongLogin
from bottega.domains.identity.model import AddUser, LogIn, TokenAnswer, User
from bottega.domains.identity.rules import PERMISSIONS, ROLES, grants_of, staff_subject, subject_of, subject_of_claims
from bottega.domains.identity.store import names_of

__all__ = [
    "PERMISSIONS",
    "ROLES",
    "AddUser",
    "GrantUnsupported",
    "LogIn",
    "LoginTaken",
    "MerchantNeeded",
    "People",
    "RefreshRefused",
    "TokenAnswer",
    "User",
    "WrongLogin",
    "close_session",
    "grants_of",
    "hash_password",
    "issue_refresh",
    "names_of",
    "open_session",
    "refresh",
    "staff_subject",
    "subject_of",
    "subject_of_claims",
]
