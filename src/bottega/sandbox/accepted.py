"""Which parameters each endpoint knows: any other is refused as Stripe refuses it (`parameter_unknown`).

Names only, from Stripe's reference; what they do, if anything, is up to the verbs. A name that the sandbox has no use
for is here all the same, because a program may send it.
"""

from typing import cast

from bottega.sandbox.params import Tree
from bottega.sandbox.problems import invalid

_PAGE = "ending_before limit starting_after"
_METHODS = """
    acss_debit affirm afterpay_clearpay alipay allow_redisplay alma amazon_pay au_becs_debit bacs_debit bancontact
    billie billing_details bizum blik boleto card cashapp crypto custom customer_balance eps fpx giropay grabpay ideal
    interac_present kakao_pay klarna konbini kr_card link mb_way metadata mobilepay multibanco naver_pay
    nz_bank_account oxxo p24 pay_by_bank payco paynow paypal paypay payto pix promptpay radar_options revolut_pay
    samsung_pay satispay scalapay sepa_debit sequra sofort sunbit swish twint type upi us_bank_account wechat_pay zip
"""
_INTENT = """
    allowed_payment_method_types amount_details capture_method excluded_payment_method_types hooks payment_details
    payment_method payment_method_data payment_method_options payment_method_types receipt_email setup_future_usage
    shipping
"""
_CHANGE = """
    amount application_fee_amount currency customer customer_account description metadata
    payment_method_configuration statement_descriptor statement_descriptor_suffix transfer_data transfer_group
"""
_CONFIRM = """
    client_secret confirmation_token error_on_requires_action mandate mandate_data off_session radar_options
    return_url use_stripe_sdk
"""
_SETUP = """
    allowed_payment_method_types attach_to_self customer customer_account description excluded_payment_method_types
    flow_directions metadata payment_method payment_method_configuration payment_method_data payment_method_options
    payment_method_types
"""
_CUSTOMER = """
    address balance business_name cash_balance description email individual_name invoice_prefix invoice_settings
    metadata name next_invoice_sequence phone preferred_locales shipping source tax tax_exempt validate
"""
_TEXT: dict[str, str] = {
    "POST payment_intents": f"{_INTENT} {_CHANGE} {_CONFIRM} automatic_payment_methods confirm confirmation_method"
    " on_behalf_of",
    "GET payment_intents": f"{_PAGE} created customer customer_account",
    "GET payment_intents/*": "client_secret",
    "POST payment_intents/*": f"{_INTENT} {_CHANGE}",
    "POST payment_intents/*/confirm": f"{_INTENT} {_CONFIRM} amount_to_confirm",
    "POST payment_intents/*/capture": "amount_details amount_to_capture application_fee_amount final_capture hooks"
    " metadata payment_details statement_descriptor statement_descriptor_suffix transfer_data",
    "POST payment_intents/*/increment_authorization": "amount amount_details application_fee_amount description hooks"
    " metadata payment_details statement_descriptor transfer_data",
    "POST payment_intents/*/cancel": "cancellation_reason",
    "POST setup_intents": f"{_SETUP} automatic_payment_methods confirm confirmation_token mandate_data on_behalf_of"
    " return_url single_use usage use_stripe_sdk",
    "GET payment_intents/search": "limit page query",
    "GET charges/search": "limit page query",
    "GET customers/search": "limit page query",
    "GET setup_intents": f"{_PAGE} attach_to_self created customer customer_account payment_method",
    "GET setup_intents/*": "client_secret",
    "POST setup_intents/*": _SETUP,
    "POST setup_intents/*/confirm": "allowed_payment_method_types client_secret confirmation_token mandate_data"
    " payment_method payment_method_data payment_method_options return_url use_stripe_sdk",
    "POST setup_intents/*/cancel": "cancellation_reason",
    "POST charges": "amount application_fee application_fee_amount capture currency customer description destination"
    " metadata on_behalf_of radar_options receipt_email shipping source statement_descriptor"
    " statement_descriptor_suffix transfer_data transfer_group",
    "POST charges/*/capture": "amount application_fee application_fee_amount receipt_email statement_descriptor"
    " statement_descriptor_suffix transfer_data transfer_group",
    "POST tokens": "account bank_account card customer cvc_update person pii",
    "GET charges": f"{_PAGE} created customer payment_intent transfer_group",
    "POST charges/*": "customer description fraud_details metadata receipt_email shipping transfer_group",
    "GET charges/*/refunds": _PAGE,
    "GET payment_intents/*/amount_details_line_items": _PAGE,
    "GET radar.early_fraud_warnings": f"{_PAGE} charge created payment_intent",
    "POST customers/*/sources": "metadata source validate",
    "GET customers/*/sources": f"{_PAGE} object",
    "POST refunds": "amount charge currency customer instructions_email metadata origin payment_intent reason"
    " refund_application_fee reverse_transfer",
    "GET refunds": f"{_PAGE} charge created payment_intent",
    "POST refunds/*": "metadata",
    "GET disputes": f"{_PAGE} charge created payment_intent",
    "POST disputes/*": "evidence intended_submission_method metadata submit",
    "POST payment_methods": f"{_METHODS} customer payment_method",
    "GET payment_methods": f"{_PAGE} allow_redisplay customer customer_account type",
    "POST payment_methods/*": "allow_redisplay billing_details card metadata us_bank_account",
    "POST payment_methods/*/attach": "customer customer_account",
    "POST customers": f"{_CUSTOMER} payment_method tax_id_data test_clock",
    "GET customers": f"{_PAGE} created email test_clock",
    "POST customers/*": f"{_CUSTOMER} default_source",
    "GET customers/*/payment_methods": f"{_PAGE} allow_redisplay type",
    "GET events": f"{_PAGE} created delivery_success type types",
    "GET balance": "",
    "GET balance_transactions": f"{_PAGE} created currency payout source type",
    "POST webhook_endpoints": "api_version connect description enabled_events metadata url",
    "GET webhook_endpoints": _PAGE,
    "POST webhook_endpoints/*": "description disabled enabled_events metadata url",
}
_BELOW_TEXT: dict[str, str] = {
    "automatic_payment_methods": "allow_redirects enabled",
    "billing_details": "address email name phone tax_id",
    "card": "address_city address_country address_line1 address_line2 address_state address_zip currency cvc exp_month"
    " exp_year name networks number token",
    "created": "gt gte lt lte",
    "evidence": """
    access_activity_log appeal billing_address cancellation_policy cancellation_policy_disclosure cancellation_rebuttal
    customer_communication customer_email_address customer_name customer_purchase_ip customer_signature
    duplicate_charge_documentation duplicate_charge_explanation duplicate_charge_id enhanced_evidence
    product_description receipt refund_policy refund_policy_disclosure refund_refusal_explanation service_date
    service_documentation shipping_address shipping_carrier shipping_date shipping_documentation
    shipping_tracking_number uncategorized_file uncategorized_text
    """,
    "payment_method_data": _METHODS,
    "sepa_debit": "iban",
    "shipping": "address carrier name phone tracking_number",
}
ACCEPTED: dict[str, frozenset[str]] = {route: frozenset(names.split()) for route, names in _TEXT.items()}
BELOW: dict[str, frozenset[str]] = {name: frozenset(names.split()) for name, names in _BELOW_TEXT.items()}


def check(route: str, tree: Tree) -> None:
    """Refuse the first parameter that the endpoint doesn't know."""
    known = ACCEPTED.get(route, frozenset[str]())
    for name, value in tree.items():
        if name not in known and name != "expand":
            raise _unknown(*(each for each in tree if each not in known and each != "expand"))
        _check_below(name, name, value)


def _check_below(name: str, path: str, value: object) -> None:
    known = BELOW.get(name)
    if known is None or not isinstance(value, dict):
        return
    for inner, below in cast("Tree", value).items():
        if inner not in known:
            raise _unknown(f"{path}[{inner}]")
        _check_below(inner, f"{path}[{inner}]", below)


def _unknown(*paths: str) -> Exception:
    named = ", ".join(paths)[:200]
    return invalid(f"Received unknown parameter{'s' * (len(paths) > 1)}: {named}", paths[0][:200], "parameter_unknown")
