"""Parses a received mail with Python's own parser and prints what it says as JSON: parse.py FILE"""
import email
import email.header
import email.policy
import email.utils
import json
import sys

mail = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
# The parser above puts a space between the encoded words of one name (fixed in later Pythons); the older one does not.
plain = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.compat32)
to_name, to_address = email.utils.parseaddr(plain["to"])

print(json.dumps({
    "subject": mail["subject"],
    "from": mail["from"],
    "to_count": len(mail["to"].addresses),
    "to_address": to_address,
    "to_name": str(email.header.make_header(email.header.decode_header(to_name))),
    "bcc": mail["bcc"],
    "message_id": mail["message-id"],
    "in_reply_to": mail["in-reply-to"],
    "references": mail["references"],
    "auto_submitted": mail["auto-submitted"],
    "list_id": mail["list-id"],
    "language": mail["content-language"],
    "date": mail["date"] is not None,
    "type": mail.get_content_type(),
    "parts": [part.get_content_type() for part in mail.iter_parts()],
    "charsets": [part.get_content_charset() for part in mail.iter_parts()],
    "text": mail.get_body(("plain",)).get_content(),
    "html": mail.get_body(("html",)).get_content(),
    "defects": [str(defect) for part in mail.walk() for defect in part.defects],
}))
