"""Merchants and their stores: names, hours, taxes, how they sell, whether they take orders now.

Not here: who works there (identity), what they sell (catalog). A store's menu version rises with everything that
customers see of it, so one number says whether what somebody holds is still true.
"""

from bottega.domains.merchants.actions import managed, open_merchant, open_store, set_capture, set_intake, workplace
from bottega.domains.merchants.errors import StoreClosed, StoreNotFound, StoreOffline, StorePaused
from bottega.domains.merchants.events import StoreChanged
from bottega.domains.merchants.model import (
    Address,
    CaptureMode,
    FulfillmentType,
    Home,
    Hours,
    Intake,
    Merchant,
    Opening,
    OpenMerchant,
    OpenStore,
    PayMode,
    SetCapture,
    SetIntake,
    Store,
    StoreStatus,
    TaxMode,
    TaxPer,
    TaxRate,
    Workplace,
)
from bottega.domains.merchants.rules import check_open, end_of_day, opening, ready_minutes, ready_window, tax_rate_ppm
from bottega.domains.merchants.store import (
    find_home,
    find_merchant,
    find_slug,
    find_store,
    list_stores,
    merchant_homes,
    next_number,
)

__all__ = [
    "Address",
    "CaptureMode",
    "FulfillmentType",
    "Home",
    "Hours",
    "Intake",
    "Merchant",
    "OpenMerchant",
    "OpenStore",
    "Opening",
    "PayMode",
    "SetCapture",
    "SetIntake",
    "Store",
    "StoreChanged",
    "StoreClosed",
    "StoreNotFound",
    "StoreOffline",
    "StorePaused",
    "StoreStatus",
    "TaxMode",
    "TaxPer",
    "TaxRate",
    "Workplace",
    "check_open",
    "end_of_day",
    "find_home",
    "find_merchant",
    "find_slug",
    "find_store",
    "list_stores",
    "managed",
    "merchant_homes",
    "next_number",
    "open_merchant",
    "open_store",
    "opening",
    "ready_minutes",
    "ready_window",
    "set_capture",
    "set_intake",
    "tax_rate_ppm",
    "workplace",
]
