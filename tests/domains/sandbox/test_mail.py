"""The mail sink takes what smtplib sends and shows it."""

import smtplib
from email.message import EmailMessage

from tests.domains.sandbox.processes import Sandbox


def test_a_mail_is_kept_and_shown(sandbox: Sandbox) -> None:
    assert sandbox.mail is not None
    message = EmailMessage()
    message["Subject"] = "Your order B-041 – ready"
    message["From"], message["To"] = "Corso Roma <shop@example.com>", "ada@example.com"
    message.set_content("Grazie.\n.a line that begins with a dot\n")
    message.add_alternative("<h1>Grazie</h1><script>alert(1)</script>", subtype="html")
    with smtplib.SMTP(*sandbox.mail) as smtp:
        smtp.send_message(message)
        smtp.send_message(message, to_addrs=["bob@example.com", "eve@example.com"])
    mails = sandbox.control("mail")["mails"]
    assert [mail["recipients"] for mail in mails] == [["bob@example.com", "eve@example.com"], ["ada@example.com"]]
    assert mails[1]["subject"] == "Your order B-041 – ready"
    assert ".a line that begins with a dot" in mails[1]["text"]
    assert sandbox.control("mail?to=eve@example.com")["mails"][0]["id"] == mails[0]["id"]
    assert "Your order B-041 – ready" in sandbox.page("/mail")
    shown = sandbox.page(f"/mail/{mails[1]['id']}")
    assert "<script>alert" not in shown
    assert "&lt;script&gt;alert" in shown
    sandbox.control("mail", method="DELETE")
    assert sandbox.control("mail")["mails"] == []
