-- bottega: the whole database, readable from top to bottom.
--
-- Who owns what: every row of a shop carries its merchant_id, and row-level security lets the application see one
-- merchant at a time (app.merchant, set for each transaction by the runner). What a store owns leads its keys with
-- store_id, what the merchant owns with merchant_id, so the schema can be distributed by that column as it stands.
--
-- Roles (made by roles.sql):  bottega_app   one merchant at a time, the web and worker processes
--                             bottega_batch many merchants at once, but only what placing orders needs
--                             bottega_relay the streams: outbox, log, cursors, provider events, and what is due
--                             bottega_auditor reads everything and writes nothing: `bottega verify`
--
-- Money is bigint in the minor unit beside one currency. Instants are timestamptz and end in _at.

create table schema_migrations (
  name        text primary key,
  applied_at  timestamptz not null default now()
);

-- ---------------------------------------------------------------------------------------------- rung 0: merchants

create sequence home_numbers as integer minvalue 1;

-- Which merchant and store a home number (the last 32 bits of every id) belongs to. Not secret: it is the routing table.
create table homes (
  number      integer primary key,
  merchant_id uuid not null,
  store_id    uuid,
  slug        text unique
);

create table merchants (
  merchant_id uuid primary key,
  number      integer not null unique references homes (number),
  name        text not null,
  created_at  timestamptz not null default now()
);

create table stores (
  merchant_id    uuid not null references merchants (merchant_id),
  store_id       uuid not null,
  number         integer not null unique references homes (number),
  slug           text not null unique,
  name           text not null,
  address        jsonb not null default '{}',
  phone          text not null default '',
  timezone       text not null,
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  locale         text not null default 'en',
  tax_mode       text not null check (tax_mode in ('INCLUDED', 'ADDED')),
  tax_rounding   text not null check (tax_rounding in ('HALF_UP', 'HALF_EVEN', 'DOWN', 'UP')),
  tax_per        text not null check (tax_per in ('LINE', 'ORDER')),
  order_prefix   text not null default '' check (order_prefix ~ '^[A-Z]{0,2}$'),
  order_modes    text[] not null,
  pay_modes      text[] not null,
  hours          jsonb not null,
  intake         text not null default 'OPEN' check (intake in ('OPEN', 'PAUSED', 'OFFLINE')),
  paused_until   timestamptz,
  prep_minutes   integer not null default 6 check (prep_minutes between 1 and 240),
  warn_seconds   integer not null default 180 check (warn_seconds > 0),
  late_seconds   integer not null default 360 check (late_seconds > warn_seconds),
  unpaid_minutes integer not null default 15 check (unpaid_minutes between 1 and 1440),
  answer_seconds integer not null default 300 check (answer_seconds between 1 and 86400),  -- to choose instead of what is out
  capture_mode   text not null default 'AUTOMATIC' check (capture_mode in ('AUTOMATIC', 'MANUAL')),
  menu_version   bigint not null default 1,
  created_at     timestamptz not null default now(),
  primary key (merchant_id, store_id),
  unique (store_id)
);

create table tax_rates (
  merchant_id      uuid not null,
  store_id         uuid not null,
  tax_category     text not null,
  fulfillment_type text not null check (fulfillment_type in ('IN_STORE', 'PICKUP', 'DELIVERY', 'SHIPPING')),
  name             text not null,
  rate_ppm         integer not null check (rate_ppm between 0 and 1000000),
  primary key (store_id, tax_category, fulfillment_type),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);

-- ----------------------------------------------------------------------------------------------- rung 1: identity

create table users (
  merchant_id        uuid not null references merchants (merchant_id),
  user_id            uuid not null,
  kind               text not null check (kind in ('CUSTOMER', 'STAFF', 'SERVICE')),
  name               text not null,
  login_index        bytea not null,
  login_sealed       bytea not null,
  password_hash      text not null,
  permission_version integer not null default 1,
  disabled_at        timestamptz,
  created_at         timestamptz not null default now(),
  primary key (merchant_id, user_id),
  unique (merchant_id, login_index)
);

create table user_roles (
  merchant_id uuid not null,
  user_id     uuid not null,
  role        text not null check (role in ('BARISTA', 'DRIVER', 'MANAGER', 'MERCHANT_ADMIN', 'PLATFORM_ADMIN')),
  store_id    uuid,
  unique nulls not distinct (merchant_id, user_id, role, store_id),
  foreign key (merchant_id, user_id) references users (merchant_id, user_id),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);

-- Browser sessions; guests have one too. Only the hash of the cookie is kept.
create table sessions (
  merchant_id uuid not null references merchants (merchant_id),
  token_hash  bytea not null,
  subject_id  uuid not null,
  kind        text not null check (kind in ('GUEST', 'CUSTOMER', 'STAFF')),
  created_at  timestamptz not null default now(),
  seen_at     timestamptz not null default now(),
  expires_at  timestamptz not null,
  primary key (merchant_id, token_hash)
);

create table refresh_tokens (
  merchant_id uuid not null,
  token_hash  bytea not null,
  family_id   uuid not null,
  user_id     uuid not null,
  created_at  timestamptz not null default now(),
  expires_at  timestamptz not null,
  used_at     timestamptz,
  revoked_at  timestamptz,
  primary key (merchant_id, token_hash),
  foreign key (merchant_id, user_id) references users (merchant_id, user_id)
);
create index refresh_tokens_family on refresh_tokens (merchant_id, family_id);

-- ------------------------------------------------------------------------------------------------ rung 2: catalog

create table categories (
  merchant_id uuid not null references merchants (merchant_id),
  category_id uuid not null,
  name        text not null,
  position    integer not null default 0,
  primary key (merchant_id, category_id)
);

create table products (
  merchant_id  uuid not null,
  product_id   uuid not null,
  category_id  uuid not null,
  name         text not null,
  description  text not null default '',
  image        text not null default '',
  tags         text[] not null default '{}',
  tax_category text not null,
  position     integer not null default 0,
  archived_at  timestamptz,
  primary key (merchant_id, product_id),
  foreign key (merchant_id, category_id) references categories (merchant_id, category_id)
);

create table variants (
  merchant_id uuid not null,
  variant_id  uuid not null,
  product_id  uuid not null,
  name        text not null default '',
  sku         text not null,
  is_default  boolean not null default false,
  position    integer not null default 0,
  primary key (merchant_id, variant_id),
  unique (merchant_id, sku),
  foreign key (merchant_id, product_id) references products (merchant_id, product_id)
);

create table modifier_groups (
  merchant_id uuid not null references merchants (merchant_id),
  group_id    uuid not null,
  name        text not null,
  kind        text not null default 'ADD_ON' check (kind in ('BASE', 'MILK', 'ADD_ON', 'PREPARATION', 'REMOVAL')),
  min_count   integer not null check (min_count >= 0),
  max_count   integer not null check (max_count >= 1 and max_count >= min_count),
  primary key (merchant_id, group_id)
);

create table modifiers (
  merchant_id uuid not null,
  modifier_id uuid not null,
  group_id    uuid not null,
  name        text not null,
  is_default  boolean not null default false,
  position    integer not null default 0,
  primary key (merchant_id, modifier_id),
  foreign key (merchant_id, group_id) references modifier_groups (merchant_id, group_id)
);

create table product_groups (
  merchant_id uuid not null,
  product_id  uuid not null,
  group_id    uuid not null,
  position    integer not null default 0,
  primary key (merchant_id, product_id, group_id),
  foreign key (merchant_id, product_id) references products (merchant_id, product_id),
  foreign key (merchant_id, group_id) references modifier_groups (merchant_id, group_id)
);

-- What one store sells, under which name, at which price; no row, not on its menu.
create table offers (
  merchant_id uuid not null,
  store_id    uuid not null,
  product_id  uuid not null,
  name        text,
  description text,
  sold_from   time,
  sold_to     time,
  primary key (store_id, product_id),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
  foreign key (merchant_id, product_id) references products (merchant_id, product_id)
);

create table variant_prices (
  merchant_id uuid not null,
  store_id    uuid not null,
  variant_id  uuid not null,
  price_minor bigint not null check (price_minor between 0 and 1000000000000),
  primary key (store_id, variant_id),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
  foreign key (merchant_id, variant_id) references variants (merchant_id, variant_id)
);

create table modifier_prices (
  merchant_id uuid not null,
  store_id    uuid not null,
  modifier_id uuid not null,
  name        text,
  delta_minor bigint not null check (delta_minor between -1000000000000 and 1000000000000),
  primary key (store_id, modifier_id),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
  foreign key (merchant_id, modifier_id) references modifiers (merchant_id, modifier_id)
);

-- Sold out at one store: a product or a modifier; until an instant, until turned on (null), or n left (left_count).
create table availability (
  merchant_id uuid not null,
  store_id    uuid not null,
  item_id     uuid not null,
  item_kind   text not null check (item_kind in ('PRODUCT', 'MODIFIER')),
  sold_out    boolean not null,
  until_at    timestamptz,
  left_count  integer check (left_count >= 0),
  set_by      uuid not null,
  set_at      timestamptz not null,
  primary key (store_id, item_id),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);

-- -------------------------------------------------------------------------------------------------- rung 4: carts

create table carts (
  merchant_id uuid not null,
  store_id    uuid not null,
  cart_id     uuid not null,
  subject_id  uuid not null,
  items       jsonb not null default '[]',
  updated_at  timestamptz not null default now(),
  primary key (store_id, cart_id),
  unique (store_id, subject_id),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);

-- ----------------------------------------------------------------------------------------------- rung 4: payments

-- One attempt to be paid for one reference (an order's id; payments does not know what it is).
create table payments (
  merchant_id      uuid not null,
  store_id         uuid not null,
  payment_id       uuid not null,
  reference        uuid not null,
  provider         text not null check (provider in ('STRIPE', 'TILL')),
  provider_account text not null default '',
  provider_ref     text,
  client_secret    text,
  status           text not null check (status in ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED',
                     'CAPTURED', 'FAILED', 'VOIDED', 'PARTIALLY_REFUNDED', 'REFUNDED', 'DISPUTED')),
  capture_mode     text not null default 'AUTOMATIC' check (capture_mode in ('AUTOMATIC', 'MANUAL')),
  amount_minor     bigint not null check (amount_minor >= 0),
  authorized_minor bigint not null default 0 check (authorized_minor between 0 and amount_minor),
  captured_minor   bigint not null default 0 check (captured_minor between 0 and amount_minor),
  refunded_minor   bigint not null default 0 check (refunded_minor between 0 and captured_minor),
  disputed_minor   bigint not null default 0 check (disputed_minor >= 0),  -- what banks have taken back and not returned
  currency         text not null,
  tender           text check (tender in ('CASH', 'CARD', 'OTHER')),
  receipt_ref      text,
  failure_code     text,
  version          integer not null default 1,
  checks           integer not null default 0,
  next_check_at    timestamptz,  -- when to ask the provider ourselves, in case its event never comes
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  primary key (store_id, payment_id),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);
create unique index payments_provider_ref on payments (store_id, provider, provider_ref);
create index payments_reference on payments (store_id, reference);
create index payments_of_ref on payments (provider_ref) where provider_ref is not null;  -- a dispute says no more than that
create index payments_due on payments (next_check_at)
  where status in ('REQUIRES_PAYMENT', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED');

-- What we asked, or are about to ask, the provider: written before the call, with the key that goes with it.
create table payment_attempts (
  merchant_id  uuid not null,
  store_id     uuid not null,
  payment_id   uuid not null,
  attempt_no   integer not null,
  operation    text not null check (operation in ('OPEN', 'CAPTURE', 'CANCEL', 'REFUND')),
  amount_minor bigint not null check (amount_minor >= 0),
  refund_id    uuid,
  provider_key text not null,
  state        text not null check (state in ('INTENDED', 'DONE', 'FAILED', 'PARKED')),
  error_code   text,
  tries        integer not null default 0,  -- how often it was taken; the token of who has it now
  faults       integer not null default 0,  -- how often we failed over it ourselves; parked after a few
  next_try_at  timestamptz not null,
  created_at   timestamptz not null,
  finished_at  timestamptz,
  primary key (store_id, payment_id, attempt_no),
  unique (store_id, provider_key),
  foreign key (store_id, payment_id) references payments (store_id, payment_id)
);
create index payment_attempts_due on payment_attempts (next_try_at) where state = 'INTENDED';

-- The ledger of a payment: append-only; its totals are recomputed from here.
create table payment_entries (
  merchant_id  uuid not null,
  store_id     uuid not null,
  payment_id   uuid not null,
  entry_no     integer not null,
  kind         text not null check (kind in ('OPENED', 'REQUIRES_ACTION', 'PROCESSING', 'AUTHORIZED', 'CAPTURED', 'DECLINED',
                 'VOIDED', 'CAPTURE_REQUESTED', 'CAPTURE_FAILED', 'REFUND_REQUESTED', 'REFUNDED', 'REFUND_FAILED',
                 'DISPUTE_OPENED', 'FUNDS_WITHDRAWN', 'FUNDS_REINSTATED', 'DISPUTE_CLOSED', 'MISMATCH', 'MISMATCH_RETURNED',
                 'RETURN_FAILED')),
  amount_minor bigint not null default 0,
  provider_ref text,
  note         text,
  actor_kind   text not null,
  actor_id     uuid,
  at           timestamptz not null,
  primary key (store_id, payment_id, entry_no),
  foreign key (store_id, payment_id) references payments (store_id, payment_id)
);
create unique index payment_entries_once on payment_entries (store_id, payment_id, kind, provider_ref)
  where provider_ref is not null;
-- What moved when, for the owner's reports. Partial, so that placing an order writes nothing into it.
create index payment_entries_money on payment_entries (store_id, at) include (payment_id, kind, amount_minor, note)
  where kind in ('CAPTURED', 'REFUNDED', 'REFUND_FAILED', 'FUNDS_WITHDRAWN', 'FUNDS_REINSTATED');

create table refunds (
  merchant_id  uuid not null,
  store_id     uuid not null,
  refund_id    uuid not null,
  payment_id   uuid not null,
  amount_minor bigint not null check (amount_minor > 0),
  reason       text not null,
  status       text not null check (status in ('PENDING', 'SUCCEEDED', 'FAILED')),
  provider_ref text,
  past_refs    text[] not null default '{}',  -- what the provider called it when it failed before
  receipt_ref  text,  -- of the till, when it was given back there
  requested_by uuid,
  tries        integer not null default 1 check (tries >= 1),
  retry_at     timestamptz,  -- failed, and to be tried again then
  given_up_at  timestamptz,  -- failed, and waiting for a person since then
  checks       integer not null default 0,
  next_check_at timestamptz,  -- when to ask the provider ourselves, in case its event never comes
  created_at   timestamptz not null,
  updated_at   timestamptz not null,
  primary key (store_id, refund_id),
  foreign key (store_id, payment_id) references payments (store_id, payment_id)
);
create index refunds_payment on refunds (store_id, payment_id);
create index refunds_due on refunds (retry_at) where status = 'FAILED' and retry_at is not null;
create index refunds_checks_due on refunds (next_check_at) where next_check_at is not null;
create index refunds_given_up on refunds (store_id, given_up_at) where given_up_at is not null;

-- A customer's bank has taken a payment up; its money moves are lines of the payment's ledger.
create table disputes (
  merchant_id  uuid not null,
  store_id     uuid not null,
  dispute_id   uuid not null,
  payment_id   uuid not null,
  provider_ref text not null,
  amount_minor bigint not null check (amount_minor >= 0),
  reason       text not null,
  status       text not null check (status in ('OPENED', 'WON', 'LOST')),
  answer_by    timestamptz,
  opened_at    timestamptz not null,
  closed_at    timestamptz,
  primary key (store_id, dispute_id),
  unique (store_id, provider_ref),
  foreign key (store_id, payment_id) references payments (store_id, payment_id)
);
create index disputes_payment on disputes (store_id, payment_id);

-- The provider's signed events, raw, once each. The merchant is the one our own metadata on the object names.
create table provider_events (
  merchant_id      uuid not null,
  provider_account text not null,
  event_id         text not null,
  type             text not null,
  object_ref       text not null,
  store_id         uuid not null,
  body             bytea not null,
  signature        text not null,
  state            text not null check (state in ('RECEIVED', 'APPLIED', 'PARKED')),
  tries            integer not null default 0,
  faults           integer not null default 0,
  next_try_at      timestamptz not null,
  received_at      timestamptz not null,
  applied_at       timestamptz,
  primary key (provider_account, event_id)
);
create index provider_events_due on provider_events (next_try_at) where state = 'RECEIVED';
create index provider_events_same on provider_events (provider_account, object_ref) where state = 'RECEIVED';

-- One comparison of a store's payments with the provider's ledger: asked for by a person, or written when it was made.
create table reconciliations (
  merchant_id       uuid not null,
  store_id          uuid not null,
  reconciliation_id uuid not null,
  trigger           text not null check (trigger in ('PERIODIC', 'COMMAND', 'STAFF')),
  mend              text not null check (mend in ('LIST', 'RECORD', 'REFUND')),
  state             text not null check (state in ('ASKED', 'DONE', 'FAILED')),
  since             timestamptz not null,
  until             timestamptz,
  there             integer not null default 0 check (there >= 0),  -- payments looked at, in the provider's ledger
  here              integer not null default 0 check (here >= 0),
  mended            integer not null default 0 check (mended >= 0),
  remaining         integer not null default 0 check (remaining >= 0),
  asked_by          uuid,
  asked_at          timestamptz not null,
  tries             integer not null default 0,
  next_try_at       timestamptz not null,
  finished_at       timestamptz,
  primary key (store_id, reconciliation_id),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);
create index reconciliations_due on reconciliations (next_try_at) where state = 'ASKED';

-- Something that differs between the provider's ledger and ours. One row for each code and object: found again, it is
-- the same difference. The payment may not be here, which can be the difference.
create table differences (
  merchant_id   uuid not null,
  store_id      uuid not null,
  difference_id uuid not null,
  code          text not null,
  state         text not null check (state in ('OPEN', 'MENDED', 'RESOLVED')),
  payment_id    uuid,
  intent_ref    text,
  object_ref    text not null,
  there         jsonb,  -- {state, amount_minor, currency} as last seen; null where it is not
  here          jsonb,
  found_at      timestamptz not null,
  seen_at       timestamptz not null,
  closed_at     timestamptz,
  closed_by     uuid,
  note          text,
  primary key (store_id, difference_id),
  unique (store_id, code, object_ref),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);
create index differences_open on differences (store_id, difference_id) where state = 'OPEN';

-- Whose turn it is to compare all stores of an account: the worker that moves next_at has it.
create table reconciliation_turns (
  provider_account text primary key,
  next_at          timestamptz not null
);

-- ------------------------------------------------------------------------------------------------- rung 5: orders

-- The daily order number of a store: the one row that all orders of a store and day pass, locked in key order.
create table order_counters (
  merchant_id   uuid not null,
  store_id      uuid not null,
  business_date date not null,
  last_number   integer not null,
  primary key (store_id, business_date),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id)
);

create table orders (
  merchant_id      uuid not null,
  store_id         uuid not null,
  order_id         uuid not null,
  number           integer not null,
  business_date    date not null,
  status           text not null check (status in ('PLACED', 'PAID', 'IN_PROGRESS', 'READY', 'COMPLETED', 'CANCELLED',
                     'OUT_FOR_DELIVERY', 'PENDING', 'CONFIRMED', 'PROCESSING', 'SHIPPED', 'DELIVERED', 'FAILED')),
  seq              integer not null check (seq >= 1),
  fulfillment_type text not null check (fulfillment_type in ('IN_STORE', 'PICKUP', 'DELIVERY', 'SHIPPING')),
  pay_mode         text not null check (pay_mode in ('ONLINE', 'AT_STORE')),
  currency         text not null,
  subtotal_minor   bigint not null check (subtotal_minor >= 0),
  discount_minor   bigint not null check (discount_minor between 0 and subtotal_minor),
  tax_minor        bigint not null check (tax_minor >= 0),
  tax_included     boolean not null,
  fees_minor       bigint not null default 0 check (fees_minor >= 0),
  total_minor      bigint not null check (total_minor >= 0),
  menu_version     bigint not null,
  payment_id       uuid,
  placed_by        uuid not null,
  contact_name     text not null default '',
  contact_sealed   bytea,
  idempotency_key  text not null,
  fingerprint      bytea not null,
  requested_for    timestamptz,
  promised_at      timestamptz not null,
  created_at       timestamptz not null,
  updated_at       timestamptz not null,
  primary key (store_id, order_id),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
  check (total_minor = subtotal_minor - discount_minor + fees_minor + case when tax_included then 0 else tax_minor end)
);
create unique index orders_once on orders (store_id, placed_by, idempotency_key);
create unique index orders_number on orders (store_id, business_date, number);
create index orders_of_subject on orders (merchant_id, placed_by, order_id);
create index orders_unpaid on orders (created_at) where status = 'PLACED' and pay_mode = 'ONLINE';

create table order_lines (
  merchant_id    uuid not null,
  store_id       uuid not null,
  order_id       uuid not null,
  line_no        integer not null,
  line_id        uuid not null,
  product_id     uuid not null,
  variant_id     uuid not null,
  name           text not null,
  variant_name   text not null,
  category       text not null,
  qty            integer not null check (qty between 1 and 999),
  unit_minor     bigint not null check (unit_minor >= 0),
  modifiers      jsonb not null,  -- [[modifier_id, name, price_delta, group name, how the kitchen reads it], ...]
  note           text not null default '',
  discount_minor bigint not null default 0,
  tax_rate_ppm   integer not null,
  tax_minor      bigint not null,
  total_minor    bigint not null,
  primary key (store_id, order_id, line_no),
  foreign key (store_id, order_id) references orders (store_id, order_id),
  check (total_minor = qty * unit_minor)
);

-- How orders travel to `orders` and its neighbours, many at once. Another column means another pair of types beside these:
-- the processes of the version before go on sending the rows that they know.
create type placed_order as (
  merchant_id uuid, store_id uuid, order_id uuid, placed_by uuid, fact_id uuid, number integer, business_date date,
  subtotal_minor bigint, discount_minor bigint, tax_minor bigint, fees_minor bigint, total_minor bigint, menu_version bigint,
  tax_included boolean, promised_at timestamptz, created_at timestamptz, fingerprint bytea, payment_id uuid,
  contact_sealed bytea, fulfillment_type text, pay_mode text, currency text, actor_kind text, contact_name text,
  idempotency_key text, fact jsonb
);

create type placed_line as (
  merchant_id uuid, store_id uuid, order_id uuid, line_id uuid, line_no integer, tax_minor bigint, discount_minor bigint,
  product_id uuid, variant_id uuid, name text, variant_name text, category text, qty integer, unit_minor bigint,
  modifiers jsonb, note text, tax_rate_ppm integer, total_minor bigint
);

-- The history of an order: who moved it, when, from where, to where, and why. Written with every change of status.
create table order_events (
  merchant_id uuid not null,
  store_id    uuid not null,
  order_id    uuid not null,
  seq         integer not null,
  event       text not null,
  from_status text,
  to_status   text not null,
  actor_kind  text not null,
  actor_id    uuid,
  reason      text,
  at          timestamptz not null,
  primary key (store_id, order_id, seq),
  foreign key (store_id, order_id) references orders (store_id, order_id)
);

-- What a refund gave back, line by line: whole units, or only a share of a line's money (qty 0). A part without a line is of
-- the order's fees, or of money that no line stands for. The parts of a refund add up to it; those of a failed one don't count.
create table refund_lines (
  merchant_id  uuid not null,
  store_id     uuid not null,
  refund_id    uuid not null,
  part_no      integer not null,
  order_id     uuid not null,
  line_id      uuid,
  qty          integer not null check (qty >= 0),
  tax_rate_ppm integer not null,
  net_minor    bigint not null check (net_minor >= 0),
  tax_minor    bigint not null check (tax_minor >= 0),
  primary key (store_id, refund_id, part_no),
  foreign key (store_id, refund_id) references refunds (store_id, refund_id),
  foreign key (store_id, order_id) references orders (store_id, order_id)
);
create index refund_lines_order on refund_lines (store_id, order_id);

-- A line of a live order that can't be made: as it was, what its customer may have instead, until when they may choose,
-- and what came of it. The row that leaves OFFERED first decides; the order is locked before it.
create table order_shortages (
  merchant_id   uuid not null,
  store_id      uuid not null,
  shortage_id   uuid not null,
  order_id      uuid not null,
  line_id       uuid not null,
  state         text not null check (state in ('OFFERED', 'SUBSTITUTED', 'REFUNDED', 'CANCELLED')),
  line          jsonb not null,  -- the order's line as it was, whatever becomes of it
  substitutes   jsonb not null,  -- priced lines, in the order in which they are offered
  missing       text not null,   -- the name of what is out: the product, or a choice of it
  reason        text not null default '',
  reported_by   uuid not null,
  created_at    timestamptz not null,
  due_at        timestamptz not null,
  chosen        integer,         -- which substitute, from 1
  new_line_id   uuid,
  decided_kind  text,
  decided_by    uuid,
  decided_at    timestamptz,
  before_minor  bigint not null check (before_minor >= 0),  -- the order's total while it was offered
  after_minor   bigint check (after_minor between 0 and before_minor),
  refund_id     uuid,
  refund_minor  bigint not null default 0 check (refund_minor >= 0),
  primary key (store_id, shortage_id),
  foreign key (store_id, order_id) references orders (store_id, order_id),
  foreign key (store_id, refund_id) references refunds (store_id, refund_id),
  check ((state = 'OFFERED') = (decided_at is null)),
  check ((state = 'SUBSTITUTED') = (new_line_id is not null))
);
create index order_shortages_of_order on order_shortages (store_id, order_id);
create unique index order_shortages_open on order_shortages (store_id, order_id, line_id) where state = 'OFFERED';
create index order_shortages_due on order_shortages (due_at) where state = 'OFFERED';

-- ------------------------------------------------------------------------------------------------ rung 6: kitchen

-- The queue of a store: a projection of the orders' events plus what the kitchen does with a ticket. Can be rebuilt.
create table tickets (
  merchant_id      uuid not null,
  store_id         uuid not null,
  ticket_id        uuid not null,
  order_id         uuid not null,
  station          text not null default 'ALL',
  state            text not null check (state in ('QUEUED', 'STARTED', 'DONE', 'CANCELLED', 'CLOSED')),
  version          integer not null default 1,
  order_status     text not null,
  order_seq        integer not null,
  number           text not null,
  name             text not null,
  fulfillment_type text not null,
  pay_mode         text not null,
  paid             boolean not null,
  total_minor      bigint not null,
  currency         text not null,
  lines            jsonb not null,
  changed          boolean not null default false,
  waiting_until    timestamptz,  -- a line is out and the customer is asked, at most until then
  promised_at      timestamptz not null,
  opened_at        timestamptz not null,
  started_at       timestamptz,
  done_at          timestamptz,
  recalled_at      timestamptz,
  closed_at        timestamptz,
  primary key (store_id, ticket_id),
  unique (store_id, order_id, station),
  foreign key (merchant_id, store_id) references stores (merchant_id, store_id),
  foreign key (store_id, order_id) references orders (store_id, order_id)
);
create index tickets_open on tickets (store_id, promised_at) where state in ('QUEUED', 'STARTED', 'DONE');
create index tickets_done on tickets (store_id, done_at) where done_at is not null;

-- ------------------------------------------------------------------------------------------- the runner's own tables

create table idempotency_keys (
  merchant_id uuid not null,
  subject_id  uuid not null,
  route       text not null,
  key         text not null,
  fingerprint bytea not null,
  status      integer,
  answer      bytea,
  created_at  timestamptz not null,
  finished_at timestamptz,
  primary key (merchant_id, subject_id, route, key)
);
create index idempotency_keys_age on idempotency_keys (created_at);

create table audit_log (
  merchant_id uuid not null,
  audit_id    uuid not null,
  action      text not null,
  store_id    uuid,
  actor_kind  text not null,
  actor_id    uuid,
  details     jsonb not null,
  at          timestamptz not null,
  primary key (merchant_id, audit_id)
);
create index audit_log_money on audit_log (merchant_id, coalesce(details ->> 'payment', details ->> 'refund'))
  where details ? 'payment' or details ? 'refund';

-- Facts on their way: insert-only for the business (Debezium's columns and ours). The sequencer moves them to the log.
create table outbox (
  n             bigint generated always as identity primary key,
  id            uuid not null,
  merchant_id   uuid not null,
  store_id      uuid,
  aggregatetype text not null,
  aggregateid   uuid not null,
  type          text not null,
  version       integer not null,
  payload       jsonb not null,
  created_at    timestamptz not null
);

-- Facts in their final order: seq is dense from 1. Everything that follows the business reads from here.
create table log (
  seq           bigint primary key,
  id            uuid not null unique,
  merchant_id   uuid not null,
  store_id      uuid,
  aggregatetype text not null,
  aggregateid   uuid not null,
  type          text not null,
  version       integer not null,
  payload       jsonb not null,
  created_at    timestamptz not null,
  logged_at     timestamptz not null default clock_timestamp()
);
create index log_of_store on log (store_id, seq);
create index log_of_aggregate on log (store_id, aggregateid, seq);

create table log_head (
  only_row  boolean primary key default true check (only_row),
  seq       bigint not null,
  floor_seq bigint not null default 0  -- entries up to here are archived; a cursor below has to start afresh
);
insert into log_head (seq) values (0);

create table consumers (
  name       text primary key,
  position   bigint not null,
  updated_at timestamptz not null default now()
);

-- A fact that a consumer could not take after several tries; it waits here and the queue moves on.
create table parked_events (
  consumer  text not null,
  seq       bigint not null,
  error     text not null,
  tries     integer not null,
  parked_at timestamptz not null,
  primary key (consumer, seq)
);

-- --------------------------------------------------------------------------------------------- who may see what

grant usage on schema public to bottega_app, bottega_batch, bottega_relay, bottega_auditor;
grant select on homes to bottega_app, bottega_batch, bottega_relay;
grant select on schema_migrations to bottega_app, bottega_relay;

grant select, insert, update on provider_events, merchants, stores, users, sessions, categories, products, variants, modifier_groups,
  modifiers, offers, variant_prices, modifier_prices, availability, carts, payments, payment_attempts, refunds,
  disputes, order_counters, orders, order_shortages, tickets, tax_rates, product_groups, refresh_tokens, idempotency_keys
  to bottega_app;
grant select, insert, update on reconciliations, differences, reconciliation_turns to bottega_app;
grant insert on homes to bottega_app;
grant usage on sequence home_numbers to bottega_app;
grant delete on sessions, user_roles, availability, carts, order_lines, idempotency_keys, product_groups to bottega_app;
grant select, insert on user_roles, order_lines, order_events, payment_entries, refund_lines, audit_log to bottega_app;
grant insert on outbox to bottega_app;
grant select on log_head to bottega_app;
grant select, update on consumers to bottega_app;
grant select on log to bottega_app;

grant select on stores to bottega_batch;
grant select, insert, update on order_counters, availability to bottega_batch;
grant select, insert on orders, order_lines, order_events, payments, payment_attempts, payment_entries to bottega_batch;
grant insert on outbox to bottega_batch;
grant update (menu_version) on stores to bottega_batch;

grant select, delete on outbox to bottega_relay;
grant select, insert on log to bottega_relay;
grant select, update on log_head to bottega_relay;
grant select, insert, update on consumers, parked_events to bottega_relay;
grant select on provider_events, stores, merchants, payments, payment_attempts, refunds, orders, tickets, order_shortages to bottega_relay;

grant select on disputes, reconciliations, differences to bottega_relay;

grant select on all tables in schema public to bottega_auditor;

do $$
declare
  t text;
begin
  foreach t in array array['merchants', 'stores', 'tax_rates', 'users', 'user_roles', 'sessions', 'refresh_tokens',
    'categories', 'products', 'variants', 'modifier_groups', 'modifiers', 'product_groups', 'offers', 'variant_prices',
    'modifier_prices', 'availability', 'carts', 'payments', 'payment_attempts', 'payment_entries', 'refunds',
    'disputes', 'provider_events', 'reconciliations', 'differences', 'order_counters', 'orders', 'order_lines', 'order_events',
    'refund_lines', 'order_shortages', 'tickets', 'idempotency_keys', 'audit_log', 'outbox', 'log']
  loop
    execute format('alter table %I enable row level security', t);
    execute format('alter table %I force row level security', t);
    -- The tenant's own rows. NULLIF: the setting is an empty string on a connection that had it once.
    execute format($p$create policy tenant on %I to bottega_app
      using (merchant_id = nullif(current_setting('app.merchant', true), '')::uuid)
      with check (merchant_id = nullif(current_setting('app.merchant', true), '')::uuid)$p$, t);
    -- Restrictive as well, so that a stray permissive policy can't widen what the application sees.
    execute format($p$create policy tenant_only on %I as restrictive to bottega_app
      using (merchant_id = nullif(current_setting('app.merchant', true), '')::uuid)
      with check (merchant_id = nullif(current_setting('app.merchant', true), '')::uuid)$p$, t);
    -- Row-level security is forced, so without this the checks of `bottega verify` would see nothing and call it clean.
    execute format('create policy audit on %I for select to bottega_auditor using (true)', t);
  end loop;
  -- Placing orders for many merchants at once; the grants above say how little else this role can do.
  foreach t in array array['stores', 'order_counters', 'availability', 'orders', 'order_lines', 'order_events', 'payments',
    'payment_attempts', 'payment_entries', 'outbox']
  loop
    execute format('create policy batch on %I to bottega_batch using (true) with check (true)', t);
  end loop;
  foreach t in array array['outbox', 'log', 'stores', 'merchants', 'provider_events', 'payments', 'payment_attempts', 'refunds', 'orders',
    'tickets', 'order_shortages', 'disputes', 'reconciliations', 'differences']
  loop
    execute format('create policy relay on %I to bottega_relay using (true) with check (true)', t);
  end loop;
end
$$;
