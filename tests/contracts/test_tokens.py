"""Tokens that were not made here, or not for this, are a 401 each: nothing in a token chooses how it is checked."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bottega.infra.crypto import Keyring
from tests.contracts.conftest import Refused
from tests.contracts.live import Live

Json = dict[str, Any]


def text64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def parts(token: str) -> tuple[Json, Json]:
    """Header and claims of a good token."""
    head, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(each + "==")) for each in (head, claims))  # type: ignore[return-value]


def assemble(head: Json, claims: Json, sign: Any) -> str:
    message = f"{text64(json.dumps(head).encode())}.{text64(json.dumps(claims).encode())}"
    return f"{message}.{text64(sign(message.encode()))}"


def made(claims: Json, key: Ed25519PrivateKey, head: Json | None = None) -> str:
    """A token signed with that key."""
    return assemble({"alg": "EdDSA", "typ": "at+jwt"} | (head or {}), claims, key.sign)


def forgeries(good: str, key: Ed25519PrivateKey) -> Iterator[tuple[str, str]]:
    """More than 60 tokens that must not count: (case, token)."""
    head, claims = parts(good)
    yield from unsigned(head, claims)
    yield from confused(head, claims, key)
    yield from of_other_keys(head, claims)
    yield from wrong_claims(claims, key)
    yield from broken(good)


def unsigned(head: Json, claims: Json) -> Iterator[tuple[str, str]]:
    for algorithm in ("none", "None", "NONE", "nOnE", "", " none", None, 0, [], {}):
        yield f"alg {algorithm!r}", assemble(head | {"alg": algorithm}, claims, lambda _: b"")
        yield f"alg {algorithm!r}, signed", assemble(head | {"alg": algorithm}, claims, lambda _: b"signature")


def confused(head: Json, claims: Json, key: Ed25519PrivateKey) -> Iterator[tuple[str, str]]:
    public = key.public_key()
    shapes = {
        "pem": public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        "der": public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
        "raw": public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw),
        "ssh": public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH),
        "empty": b"",
    }
    for name, secret in shapes.items():
        for algorithm in ("sha256", "sha384", "sha512"):

            def sign(message: bytes, secret: bytes = secret, algorithm: str = algorithm) -> bytes:
                return hmac.new(secret, message, getattr(hashlib, algorithm)).digest()

            yield (
                f"HS{algorithm[3:]} with the public key as {name}",
                assemble(head | {"alg": f"HS{algorithm[3:]}"}, claims, sign),
            )
    yield "Ed448 by name", assemble(head | {"alg": "Ed448"}, claims, key.sign)


def of_other_keys(head: Json, claims: Json) -> Iterator[tuple[str, str]]:
    mine = Ed25519PrivateKey.generate()
    raw = mine.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": text64(raw)}
    yield "another key", made(claims, mine)
    for name, value in (
        ("jwk", jwk), ("jku", "http://127.0.0.1:9/keys.json"), ("x5u", "http://127.0.0.1:9/cert.pem"), ("x5c", [text64(raw)]),
        ("kid", "../../../../dev/null"), ("kid", "' union select '"), ("kid", "/proc/self/environ"), ("kid", {"a": 1}),
        ("crit", ["exp"]), ("b64", False), ("zip", "DEF"), ("cty", "JWT"),
    ):  # fmt: skip
        yield f"another key, {name} {value!r:.20}", made(claims, mine, {name: value})
    rs = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    yield "RS256", jwt.encode(claims, rs, algorithm="RS256", headers={"typ": "at+jwt"})
    yield "PS256", jwt.encode(claims, rs, algorithm="PS256", headers={"typ": "at+jwt"})
    yield (
        "ES256",
        jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"typ": "at+jwt"}),
    )


def wrong_claims(claims: Json, key: Ed25519PrivateKey) -> Iterator[tuple[str, str]]:
    now = int(time.time())
    for name, value in (
        ("exp", now - 60), ("exp", 0), ("exp", -1), ("exp", "x"), ("exp", None), ("exp", "1e999"), ("exp", []),
        ("nbf", now + 3600), ("nbf", "x"), ("iat", now + 3600), ("iat", "x"), ("aud", "another"), ("aud",
        ["another"]), ("aud", None),
        ("aud", {}), ("iss", "another"), ("iss", None), ("iss", ["bottega"]), ("sub", "x"), ("sub", 1), ("sub", None),
        ("mid", "x"), ("mid", None), ("mid", 1), ("kind", "SYSTEM "), ("kind", "root"), ("kind", None), ("roles", "admin"),
        ("roles", [{"role": 1}]), ("roles", {"a": 1}), ("pv", "x"), ("pv", 1.5), ("name", 1),
    ):  # fmt: skip
        yield f"{name} {value!r}", made(claims | {name: value}, key)
    for name in ("exp", "nbf", "iat", "aud", "iss", "sub", "mid", "kind"):
        yield f"without {name}", made({k: v for k, v in claims.items() if k != name}, key)
    for kind in ("JWT", "id+jwt", "AT+JWT x", "", None, 1, "logout+jwt"):
        yield f"typ {kind!r}", made(claims, key, {"typ": kind})
    head = text64(b'{"alg":"EdDSA","typ":"at+jwt"}')
    for payload in (b"null", b"[]", b'"x"', b"", b"{", b"\xff", b"1", b"[" * 50_000):
        message = f"{head}.{text64(payload)}"
        yield f"payload {payload[:10]!r}", f"{message}.{text64(key.sign(message.encode()))}"
    yield "huge", made(claims | {"name": "x" * 60_000}, key)


def broken(good: str) -> Iterator[tuple[str, str]]:
    head, claims, signature = good.split(".")
    for cut in (1, 10, 40, 80):
        yield f"cut by {cut}", good[:-cut]
    yield "no signature", f"{head}.{claims}."
    yield "two parts", f"{head}.{claims}"
    yield "four parts", f"{good}.{signature}"
    yield "five parts", f"{head}..{claims}.{signature}.x"
    yield "parts swapped", f"{claims}.{head}.{signature}"
    yield "signature of zeros", f"{head}.{claims}.{text64(bytes(64))}"
    yield "claims changed", f"{head}.{claims[:-2]}AA.{signature}"
    yield from (
        (f"text {text!r:.20}", text)
        for text in ("x", "...", "null", "e30.e30.e30", "a.b.c", "=.=.=", "%00", "Bearer", "x" * 9000)
    )
    yield "signature turned", f"{head}.{claims}.{signature[:10]}{'A' if signature[10] != 'A' else 'B'}{signature[11:]}"


def test_every_forged_token_is_a_401_everywhere(live: Live, keyring: Keyring, refused: Refused) -> None:
    before, guest = live.counts(), live.callers["guest"].headers["authorization"].partition(" ")[2]
    admin = live.callers["manager"].headers["authorization"].partition(" ")[2]
    cases = [*forgeries(guest, keyring.signing_key), *forgeries(admin, keyring.signing_key)]
    assert len(cases) >= 120

    for case, token in cases:
        headers = {"authorization": f"Bearer {token}".encode()}
        answer = live.client.get("/v1/me", headers=headers)
        if answer.status_code == 400 and answer.headers["content-type"].startswith("text/plain"):
            assert case == "huge"  # over the header limit of the HTTP parser itself
            continue
        refused(answer, 401, about=case)
        assert answer.headers["www-authenticate"] == "Bearer"
        if case.startswith(("alg", "HS", "another", "without")):
            posted = live.client.post("/v1/orders", headers=headers | {"idempotency-key": "k"}, json=live.order())
            refused(posted, 401, about=case)

    assert live.counts() == before


@pytest.mark.parametrize("value", ["", "Bearer", "bearer", "Basic YTpi", "Token x", "Digest a=b", ",", "Bearer a b c"])
def test_another_kind_of_credential_is_a_401(live: Live, refused: Refused, value: str) -> None:
    refused(live.client.get("/v1/me", headers={"authorization": value}), 401)


def test_the_token_that_was_made_here_counts(live: Live, keyring: Keyring) -> None:
    _, claims = parts(live.callers["guest"].headers["authorization"].partition(" ")[2])
    again = made(claims, keyring.signing_key)

    assert live.client.get("/v1/me", headers={"authorization": f"Bearer {again}"}).status_code == 200


def test_a_token_of_somebody_who_is_gone_is_a_401(live: Live, keyring: Keyring, refused: Refused) -> None:
    _, claims = parts(live.callers["barista"].headers["authorization"].partition(" ")[2])
    for changed in ({"sub": str(uuid.uuid4())}, {"pv": claims["pv"] + 1}, {"mid": str(uuid.uuid4())}, {"pv": -1}):
        token = made(claims | changed, keyring.signing_key)
        refused(live.client.get("/v1/me", headers={"authorization": f"Bearer {token}"}), 401, about=changed)


def test_the_roles_of_staff_come_from_the_database_not_from_the_token(
    live: Live, keyring: Keyring, refused: Refused
) -> None:
    _, claims = parts(live.callers["barista"].headers["authorization"].partition(" ")[2])
    token = made(claims | {"roles": [{"role": "PLATFORM_ADMIN", "store_id": None}]}, keyring.signing_key)
    headers = {"authorization": f"Bearer {token}"}

    assert live.client.get("/v1/me", headers=headers).json()["roles"][0]["role"] == "BARISTA"


@pytest.mark.parametrize("kind", ["SYSTEM", "SERVICE", "ANONYMOUS", "CUSTOMER"])
def test_a_token_never_speaks_for_the_installation_itself(
    live: Live, keyring: Keyring, refused: Refused, kind: str
) -> None:
    _, claims = parts(live.callers["guest"].headers["authorization"].partition(" ")[2])
    token = made(claims | {"kind": kind}, keyring.signing_key)
    headers = {"authorization": f"Bearer {token}"}

    refused(live.client.get(f"/v1/stores/{live.names['store']}/queue", headers=headers), 401, 403)


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "x",
        ".",
        "x.y",
        "0" * 5000,
        "\u00e9",
        "0b9c1f6e-2a60-4917-a2d4-b9773f3e3ad8.x",
        "0b9c1f6e-2a60-4917-a2d4-b9773f3e3ad8.",
    ],
)
def test_a_cookie_that_is_no_session_is_nobody(live: Live, refused: Refused, cookie: str) -> None:
    headers = {"cookie": f"__Host-bottega={cookie}".encode("latin-1")}

    refused(live.client.get("/v1/me", headers=headers), 401)


def test_a_cookie_never_counts_for_a_token_that_was_looked_up(live: Live, refused: Refused) -> None:
    """What is remembered of a token's subject is found by its id; ids are no secrets, so no cookie may find it."""
    _, claims = parts(live.callers["barista"].headers["authorization"].partition(" ")[2])
    assert live.ask("GET", "/v1/me", "barista").status_code == 200

    for cookie in (claims["sub"], f"{claims['mid']}.{claims['sub']}", f"{claims['sub']}."):
        refused(live.client.get("/v1/me", headers={"cookie": f"__Host-bottega={cookie}"}), 401, about=cookie)
