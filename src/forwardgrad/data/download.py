"""A small download that gives up: neither torchvision's nor TFDS's has a time limit."""

import queue
import threading
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

PATIENCE = 20.0
"""Seconds without a byte after which a download is given up."""


class DownloadError(Exception):
    """A download that did not arrive: address and reason in one line."""


def download(url: str, patience: float = PATIENCE) -> bytes:
    """Return what lies at `url`.

    A thread receives and the caller waits, so that looking up the host, connecting, the handshake and every
    read are all bounded by the one limit; a time limit on the socket alone does not cover the first.

    Args:
        url: Address, http or https.
        patience: Seconds without a byte after which to give up.

    Raises:
        DownloadError: No byte came in time, the server refused or it broke off.
    """
    arrivals: queue.Queue[bytes | DownloadError] = queue.Queue()

    def receive() -> None:
        try:
            request = Request(url, headers={"User-Agent": "forwardgrad"})
            # Twice the limit: this one only ends the abandoned thread, the caller has given up before.
            with urlopen(request, timeout=2 * patience) as response:
                while chunk := response.read1(65536):
                    arrivals.put(chunk)
                if response.length:
                    raise ConnectionError(f"broke off {response.length} bytes before the end")
            arrivals.put(b"")
        except Exception as error:  # whatever it is, the waiting caller reports it
            reason = error.reason if type(error) is URLError else error
            arrivals.put(DownloadError(f"{url}: {' '.join(str(reason).split())}"))
            if isinstance(error, HTTPError):
                error.close()

    threading.Thread(target=receive, daemon=True).start()
    content = bytearray()
    while True:
        try:
            arrival = arrivals.get(timeout=patience)
        except queue.Empty:
            raise DownloadError(f"{url}: not a byte for {patience:g} s") from None
        if isinstance(arrival, DownloadError):
            raise arrival
        if not arrival:
            return bytes(content)
        content += arrival
