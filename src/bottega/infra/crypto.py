"""Keys derived from the one root secret, sealed personal data, blind indexes, and unguessable links.

Sealed values are `version | nonce | ciphertext+tag` (AES-256-GCM) bound to where they stand, so that a value can't be
moved to another row. A blind index is an HMAC under a key of its own, per merchant. Sources: RFC 5869, NIST SP 800-38D.
"""

import base64
import hashlib
import hmac
import secrets
from functools import lru_cache
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"


class Keyring:
    """All keys of an installation, derived from the root secret for one purpose each."""

    def __init__(self, root_secret: str) -> None:
        if len(root_secret) < 32:
            raise ValueError("BOTTEGA_SECRET needs at least 32 characters")
        self._root = root_secret.encode()
        self.signing_key = Ed25519PrivateKey.from_private_bytes(self.derive("token-signing"))
        self._links = self.derive("links")
        self._forms = self.derive("forms")

    def derive(self, purpose: str) -> bytes:
        """32 bytes for one purpose (HKDF-SHA256)."""
        return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"bottega " + purpose.encode()).derive(
            self._root
        )

    def seal(self, merchant_id: UUID, place: str, text: str) -> bytes:
        """Encrypt personal data of a merchant; `place` (table, column, row) must be the same to open it again."""
        nonce = secrets.token_bytes(12)
        box = self._data_key(merchant_id).encrypt(nonce, text.encode(), place.encode())
        return _VERSION + nonce + box

    def open(self, merchant_id: UUID, place: str, sealed: bytes) -> str:
        """Decrypt what `seal` made. Raises `ValueError` if it was changed or belongs elsewhere."""
        if sealed[:1] != _VERSION:
            raise ValueError("sealed by a version that is not known here")
        try:
            return self._data_key(merchant_id).decrypt(sealed[1:13], sealed[13:], place.encode()).decode()
        except InvalidTag as error:
            raise ValueError("sealed data was changed or moved") from error

    def blind_index(self, merchant_id: UUID, canonical: str) -> bytes:
        """16 bytes under which equal canonical values of one merchant can be found; it answers nothing else."""
        key = self.derive(f"index {merchant_id}")
        return hmac.digest(key, canonical.encode(), "sha256")[:16]

    def link_token(self, value: UUID) -> str:
        """An unguessable token for the page of one thing: 132 bits that only this installation can make."""
        mark = hashlib.blake2b(value.bytes, digest_size=18, key=self._links).digest()  # a MAC as it is (RFC 7693, 2.9)
        return base64.urlsafe_b64encode(mark).decode()

    def check_link_token(self, value: UUID, token: str) -> bool:
        """Whether the token is the one of this id; constant time."""
        return hmac.compare_digest(self.link_token(value).encode(), token.encode("utf-8", "replace"))

    def form_token(self, session: str) -> str:
        """The token that a form of this browser session must carry (against cross-site posts)."""
        return base64.urlsafe_b64encode(hmac.digest(self._forms, session.encode(), "sha256")[:18]).decode()

    def check_form_token(self, session: str, token: str) -> bool:
        """Whether a posted form token belongs to this session; constant time."""
        return hmac.compare_digest(self.form_token(session).encode(), token.encode("utf-8", "replace"))

    @lru_cache(maxsize=4096)  # noqa: B019 - one keyring a process; it lives as long as the process
    def _data_key(self, merchant_id: UUID) -> AESGCM:
        return AESGCM(self.derive(f"data {merchant_id}"))


def token_hash(token: str) -> bytes:
    """What is kept of a bearer secret: SHA-256 is enough, because the secret itself has 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def new_token() -> str:
    """A fresh bearer secret of 256 bits."""
    return secrets.token_urlsafe(32)
