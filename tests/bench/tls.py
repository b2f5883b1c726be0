"""A certificate for 127.0.0.1, signed by itself, for one run of the bench."""
import os
import shutil
import ssl
import subprocess


def make(folder):
    """(a server's context, the file that a client trusts); None without openssl."""
    if not shutil.which("openssl"):
        return None
    key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "certificate.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context, certificate
