"""Fields of requests as the contract tells them: bounds and forms that stand in the API's description. Pure.

Most bounds are only told here and kept by the rules, which refuse with a code and words of their own; `Amount` is kept
while a body is read. What must stay true: what is told is what is kept.
"""

from typing import Annotated, Any

from msgspec import Meta

MAX_SAFE = 2**53 - 1  # the greatest integer that every reader of JSON keeps exactly


def _told(**schema: Any) -> Meta:
    return Meta(extra_json_schema=schema)


def _id(prefix: str) -> Meta:
    return _told(pattern=f"^{prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$")


Amount = Annotated[int, Meta(ge=0, le=MAX_SAFE)]
"""Minor units of a currency."""

Quantity = Annotated[int, _told(minimum=1, maximum=999)]
Left = Annotated[int, _told(minimum=0, maximum=9999)]
PauseMinutes = Annotated[int, _told(minimum=1, maximum=1440)]
PrepMinutes = Annotated[int, _told(minimum=1, maximum=240)]
UnpaidMinutes = Annotated[int, _told(minimum=1, maximum=1440)]
AnswerSeconds = Annotated[int, _told(minimum=1, maximum=86400)]

Name = Annotated[str, _told(maxLength=60)]
Note = Annotated[str, _told(maxLength=200)]
Reference = Annotated[str, _told(maxLength=100)]
Phone = Annotated[str, _told(maxLength=40)]
Email = Annotated[str, _told(maxLength=254)]
LoginName = Annotated[str, _told(maxLength=254)]
Password = Annotated[str, _told(maxLength=1000, format="password")]

_RFC_3339 = (
    r"^[0-9]{4}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9]:[0-6][0-9](\.[0-9]{1,9})?"
    r"([Zz]|[+-][0-2][0-9]:[0-5][0-9])$"
)
Instant = Annotated[str, Meta(pattern=_RFC_3339, extra_json_schema={"format": "date-time"})]
"""An instant as it was written, read when somebody needs it."""

StoreId = Annotated[str, _id("sto")]
MerchantId = Annotated[str, _id("mer")]
ProductId = Annotated[str, _id("prd")]
VariantId = Annotated[str, _id("var")]
ModifierId = Annotated[str, _id("mod")]
LineId = Annotated[str, _id("lin")]
