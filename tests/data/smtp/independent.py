"""A mail server that claimwatch's authors did not write (aiosmtpd), for one test: STARTTLS and a password required.

Prints its port, then keeps each message that it takes as a file in a directory: the envelope's addresses on the first
two lines, then the bytes. Ends when its standard input does.

Usage: independent.py CERTIFICATE USER PASSWORD DIRECTORY
"""

import logging
import pathlib
import ssl
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

logging.disable(logging.WARNING)
certificate, user, password, directory = sys.argv[1:]


def authenticate(server, session, envelope, mechanism, data):
    expected = LoginPassword(user.encode(), password.encode())
    return AuthResult(success=mechanism in ("PLAIN", "LOGIN") and data == expected, handled=False)


class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        addresses = f"{envelope.mail_from}\n{','.join(envelope.rcpt_tos)}\n".encode()
        number = len(list(pathlib.Path(directory).iterdir()))
        pathlib.Path(directory, str(number)).write_bytes(addresses + envelope.content)
        return "250 2.0.0 kept"


class Listening(Controller):
    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
tls.load_cert_chain(certificate)
server = Listening(
    Keep(),
    hostname="127.0.0.1",
    port=0,
    tls_context=tls,
    require_starttls=True,
    authenticator=authenticate,
    auth_required=True,
)
server.start()
print(server.port, flush=True)
sys.stdin.read()
server.stop()
