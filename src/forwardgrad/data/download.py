"""A download that gives up: neither torchvision's nor TFDS's has a limit on time or size."""

import time
from http.client import BadStatusLine, HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

SILENCE = 20.0  # seconds without a byte after which a download is given up
TOTAL = 600.0  # seconds after which it is given up even if bytes still drip in
LARGEST = 64 * 2**20  # bytes above which it is refused; the largest official archive has 18 MB


class DownloadError(Exception):
    """A download that failed: address and reason in one line."""


def download(url: str, silence: float = SILENCE, total: float = TOTAL, largest: int = LARGEST) -> bytes:
    """Return the content of `url`, http or https, within limits in seconds and bytes.

    Raises:
        DownloadError: The server is out of reach, refuses, breaks off, takes too long or sends too much.
    """
    deadline = time.monotonic() + total
    content = bytearray()
    try:
        with urlopen(Request(url, headers={"User-Agent": "forwardgrad"}), timeout=silence) as response:
            while chunk := response.read1(65536):
                content += chunk
                if len(content) > largest:
                    raise ConnectionError(f"sends more than {largest} bytes")
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not complete after {total:g} s")
            if response.length:
                raise ConnectionError(f"broke off {response.length} bytes before the end")
    except (OSError, HTTPException, ValueError) as error:
        if isinstance(error, HTTPError):
            error.close()
        reason = error.reason if type(error) is URLError else error
        if type(error) is BadStatusLine:  # what it sent may be anything, control characters included
            reason = f"answers what is no HTTP ({str(error)[:40]!a})"
        raise DownloadError(f"{url}: {' '.join(str(reason).split())}") from None
    return bytes(content)
