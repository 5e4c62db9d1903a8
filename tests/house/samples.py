"""One bad example for each rule (the rule must find something) and one good neighbour (it must find nothing)."""

from tests.house.rules_size import FILE, FUNCTION, TEST_FILE
from tests.house.source import Module

ORDERS = "src/bottega/domains/orders"


def _lines(count: int, line: str = "x = 1\n") -> str:
    return line * count


RED: dict[str, list[Module]] = {
    "file_budget": [
        Module("src/bottega/kit/long.py", _lines(FILE + 1)),
        Module("tests/flows/test_long.py", _lines(TEST_FILE + 1)),
    ],
    "function_budget": [Module("src/bottega/kit/a.py", "def f():\n" + _lines(FUNCTION, "    x = 1\n"))],
    "parameter_budget": [
        Module("src/bottega/kit/a.py", "def f(a, b, c, d, e, f, g): ..."),
        Module("src/bottega/kit/a.py", "class C:\n    async def f(self, tx, a, b, c, d, *, e, f, g): ..."),
    ],
    "module_docstring": [
        Module("src/bottega/kit/a.py", "x = 1\n"),
        Module("src/bottega/kit/__init__.py", ""),
        Module(f"{ORDERS}/__init__.py", '"""Orders."""'),
    ],
    "slice_files": [Module(f"{ORDERS}/queries.py", ""), Module("src/bottega/domains/loose.py", "")],
    "forbidden_names": [
        Module("src/bottega/kit/string_utils.py", ""),
        Module("src/bottega/common/a.py", ""),
        Module("tests/helpers.py", ""),
        Module("src/bottega/kit/a.py", "class OrderManager: ..."),
    ],
    "import_inside_function": [Module("src/bottega/kit/a.py", "def f():\n    if 1:\n        import os")],
    "type_checking_import": [
        Module("src/bottega/kit/a.py", "if typing.TYPE_CHECKING:\n    from bottega.kit import b"),
        Module(f"{ORDERS}/rules.py", "if TYPE_CHECKING:\n    from .store import row"),
    ],
    "front_doors": [
        Module(f"{ORDERS}/actions.py", "from bottega.domains.payments.store import row"),
        Module(f"{ORDERS}/actions.py", "from bottega.domains.payments import store"),
        Module(f"{ORDERS}/actions.py", "import bottega.domains.payments.actions as p"),
        Module(f"{ORDERS}/actions.py", "from ..payments.rules import split"),
        Module("src/bottega/adapters/stripe.py", "from bottega.domains.payments.actions import capture"),
    ],
    "sql_place": [
        Module(f"{ORDERS}/actions.py", 'Q = "select status from orders where order_id = 1"'),
        Module(f"{ORDERS}/rules.py", 'Q = """\n  UPDATE orders SET status = 1"""'),
        Module("src/bottega/adapters/a.py", 'Q = "insert into orders values (1)"'),
        Module("src/bottega/entrypoints/web.py", 'Q = "with a as (select 1) delete from orders"'),
    ],
    "sql_is_literal": [
        Module(f"{ORDERS}/store.py", 'q = f"select * from {table}"'),
        Module(f"{ORDERS}/store.py", 'q = "delete from %s" % table'),
        Module("src/bottega/infra/db.py", 'q = "update {} set a = 1".format(table)'),
    ],
    "writing_place": [
        Module(f"{ORDERS}/actions.py", "async def f(db): await db.run(g, 1, by=s)"),
        Module(f"{ORDERS}/store.py", "async def f(self): await self.db.answer(g, 1)"),
        Module(f"{ORDERS}/api.py", "async def f(tx): await tx.connection.commit()"),
    ],
    "collected_tests": [
        Module("tests/flows/orders.py", "def test_lost(): ..."),
        Module("tests/flows/test_a.py", "class Orders:\n    def test_lost(self): ..."),
        Module("tests/flows/test_a.py", "class TestA:\n    def __init__(self): ...\n    def test_lost(self): ..."),
        Module("tests/flows/test_a.py", "def test_a(): ...\ndef test_a(): ..."),
        Module("tests/flows/test_a.py", "def outer():\n    def test_inner(): ..."),
        Module("tests/flows/test_a.py", "def testing(): ..."),
    ],
}

GREEN: dict[str, list[Module]] = {
    "file_budget": [Module("src/bottega/kit/a.py", _lines(FILE)), Module("tests/test_a.py", _lines(TEST_FILE))],
    "function_budget": [Module("src/bottega/kit/a.py", "def f():\n" + _lines(FUNCTION - 1, "    x = 1\n"))],
    "parameter_budget": [Module("src/bottega/kit/a.py", "def f(tx, a, b, c, d, e, f): ...")],
    "module_docstring": [Module("src/bottega/kit/a.py", '"""What lives here."""'), Module("tests/__init__.py", "")],
    "slice_files": [
        Module(f"{ORDERS}/actions/place.py", ""),
        Module(f"{ORDERS}/__init__.py", ""),
        Module("src/bottega/infra/web/problem.py", ""),
    ],
    "forbidden_names": [Module("src/bottega/kit/money.py", "class TextManagement: ...")],
    "import_inside_function": [Module("src/bottega/kit/a.py", "import os\ndef f(): ...")],
    "type_checking_import": [Module("src/bottega/kit/a.py", "if TYPE_CHECKING:\n    from somewhere import b")],
    "front_doors": [
        Module(
            f"{ORDERS}/actions.py", "from bottega.domains import payments\nfrom bottega.domains.orders import store"
        ),
        Module(f"{ORDERS}/actions.py", "from bottega.domains.payments import open_intent\nfrom . import rules"),
        Module("src/bottega/adapters/stripe.py", "from bottega.domains.payments.ports import Provider"),
        Module("src/bottega/entrypoints/wiring.py", "from bottega.domains.payments.api import routes"),
    ],
    "sql_place": [
        Module(f"{ORDERS}/store.py", 'Q = "select 1 from orders"'),
        Module(f"{ORDERS}/pages.py", 'T = "Select a size from the list"'.replace("from the", "of the")),
        Module("src/bottega/entrypoints/verify.py", 'Q = "select 1 from orders"'),
        Module("src/bottega/sandbox/mails.py", 'Q = "select 1 from mails"'),
    ],
    "sql_is_literal": [Module("src/bottega/kit/a.py", 't = f"update {name}"')],
    "writing_place": [
        Module(f"{ORDERS}/api.py", "async def f(db): await db.run(g, 1, by=s)"),
        Module(f"{ORDERS}/actions.py", "def f(machine): machine.run()"),
        Module("src/bottega/infra/transaction.py", "async def f(c): await c.commit()"),
    ],
    "collected_tests": [Module("tests/flows/test_a.py", "def test_a(): ...\nclass TestB:\n    def test_a(self): ...")],
}
