"""The manager's page with the owner's two questions, and both answers as files for a spreadsheet.

Both are of the store whose pages are looked at; who may see all of the merchant's stores can ask for those together
(`?of=all`). What is counted and how is in the actions.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from bottega.domains import merchants
from bottega.domains.merchants import Store, Workplace
from bottega.domains.reports import rules
from bottega.domains.reports.actions import MOST, every_store, month_of, never_spent, top_spenders
from bottega.domains.reports.model import Month, NeverSpent, Spender, TopSpenders, Total
from bottega.domains.reports.rules import PERMISSION, after_of, cursor_of
from bottega.infra.db import ReadTx
from bottega.infra.web.context import Context
from bottega.infra.web.forms import shows, staff_visitor
from bottega.infra.web.i18n import Translator
from bottega.infra.web.pages import Look, Views, speaks
from bottega.infra.web.problem import AnyRequest
from bottega.kit.clock import local, utc_now
from bottega.kit.money import exponent
from bottega.kit.subject import Subject

_VIEWS = Views(__file__)
_PRIVATE = Look(cache="no-store")
_AT = "/manage/stores/{store_id:str}/reports"
_RANKS = 10
_PAGE = 25
_MOST_ROWS = 50_000
_TOP_COLUMNS = ("rank", "name", "kind", "currency", "spent", "taken", "back", "payments")


class Asked(msgspec.Struct, frozen=True):
    """What a page or file is about: whose money at which stores, in which month; `wide` when at all of them."""

    here: Context
    subject: Subject
    workplace: Workplace
    places: Sequence[Store]
    month: Month
    wide: bool

    @property
    def store_id(self) -> UUID | None:
        """The one store, or None for all."""
        return None if self.wide else self.workplace.store.store_id


class Group(msgspec.Struct, frozen=True):
    """One currency of the first answer: what moved in all, and who spent it."""

    total: Total
    spenders: list[Spender]

    @property
    def winners(self) -> list[Spender]:
        """Everybody in the first place."""
        return [each for each in self.spenders if each.rank == 1]

    def share(self, spender: Spender) -> int:
        """Somebody's sum in hundredths of the greatest one, for the bar beside it."""
        return max(1, spender.spent_minor * 100 // self.spenders[0].spent_minor)


@shows(_AT)
async def page(request: AnyRequest, store_id: str) -> Response[Any]:
    """Both questions with their answers."""
    query = request.query_params
    here, subject, parsed = await staff_visitor(request, store_id, PERMISSION)
    async with here.database.read(subject.merchant_id) as tx:
        asked = await _asked(tx, request, here, subject, parsed)
        top = await top_spenders(tx, asked.places, asked.month, _RANKS)
        never = await never_spent(tx, asked.store_id, after_of(query.get("cursor")), _PAGE)
    t, now = speaks(request), utc_now()
    today = local(now, asked.workplace.store.timezone)
    values = {
        "workplace": asked.workplace,
        "wide": asked.wide,
        "may_widen": subject.may(PERMISSION) and len(asked.workplace.stores) > 1,
        "month": asked.month,
        "month_name": _name(t, asked.month),
        "earlier": (asked.month.before(), _name(t, asked.month.before())),
        "later": (asked.month.after(), _name(t, asked.month.after())),
        "running": asked.month >= Month(today.year, today.month),
        "groups": _groups(top),
        "cut": top.cut,
        "never": never,
        "first_page": not query.get("cursor"),
        "next_cursor": cursor_of(never),
        "now": now,
    }
    return _VIEWS.page(request, "reports.html", values, _PRIVATE)


@shows(f"{_AT}/top-spenders.csv")
async def top_file(request: AnyRequest, store_id: str) -> Response[Any]:
    """Who spent the most in a month, as a file."""
    here, subject, parsed = await staff_visitor(request, store_id, PERMISSION)
    async with here.database.read(subject.merchant_id) as tx:
        asked = await _asked(tx, request, here, subject, parsed)
        top = await top_spenders(tx, asked.places, asked.month, MOST)
    t = speaks(request)
    heading = [
        t(f"reports.column_{name}")
        for name in ("rank", "name", "kind", "currency", "spent", "taken", "back", "payments")
    ]
    rows = [
        (each.rank, each.name, t(f"reports.kind_{each.kind}"), each.currency,
         *(rules.decimal(amount, exponent(each.currency))
           for amount in (each.spent_minor, each.captured_minor, each.refunded_minor)), each.payments)
        for each in top.spenders
    ]  # fmt: skip
    return _file(f"top-spenders-{asked.month}.csv", rules.table(heading, rows))


@shows(f"{_AT}/never-spent.csv")
async def never_file(request: AnyRequest, store_id: str) -> Response[Any]:
    """Registered customers who never spent, as a file."""
    here, subject, parsed = await staff_visitor(request, store_id, PERMISSION)
    async with here.database.read(subject.merchant_id) as tx:
        asked = await _asked(tx, request, here, subject, parsed)
        never = await _all_never(tx, asked)
    t, zone = speaks(request), asked.workplace.store.timezone
    heading = [t(f"reports.column_{name}") for name in ("name", "since", "refunded")]
    rows = [
        (each.name, local(each.created_at, zone).date(), t("reports.yes" if each.refunded else "reports.no"))
        for each in never.sleepers
    ]
    return _file("never-spent.csv", rules.table(heading, rows))


async def _asked(tx: ReadTx, request: AnyRequest, here: Context, subject: Subject, store_id: UUID) -> Asked:
    workplace = await merchants.workplace(tx, subject, store_id, "reports")
    wide = request.query_params.get("of") == "all"
    if wide:
        subject.require(PERMISSION)
    places = await every_store(tx) if wide else [workplace.store]
    month = month_of(request.query_params.get("month"), places, utc_now())
    return Asked(here, subject, workplace, places, month, wide)


async def _all_never(tx: ReadTx, asked: Asked) -> NeverSpent:
    found = await never_spent(tx, asked.store_id, None, _MOST_ROWS)
    while found.after is not None and len(found.sleepers) < _MOST_ROWS:
        more = await never_spent(tx, asked.store_id, found.after, _MOST_ROWS - len(found.sleepers))
        found = NeverSpent([*found.sleepers, *more.sleepers], more.after)
    return found


def _groups(top: TopSpenders) -> list[Group]:
    return [Group(total, [each for each in top.spenders if each.currency == total.currency]) for total in top.totals]


def _name(t: Translator, month: Month) -> str:
    return f"{t(f'month_names.{month.month}')} {month.year}"


def _file(name: str, content: bytes) -> Response[bytes]:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)


HANDLERS = [page, top_file, never_file]
