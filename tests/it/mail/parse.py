"""Parses a received mail with Python's own parser and prints what it says as JSON: parse.py FILE"""
import email
import email.policy
import json
import sys

mail = email.message_from_binary_file(open(sys.argv[1], "rb"), policy=email.policy.default)
print(json.dumps({
    "subject": mail["subject"],
    "from": mail["from"],
    "to": mail["to"],
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
