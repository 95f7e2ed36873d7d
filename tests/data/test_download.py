import contextlib
import socket
import threading
import time

import pytest

from forwardgrad.data.download import LARGEST, SILENCE, TOTAL, DownloadError, download


@contextlib.contextmanager
def server(*pieces: bytes | float):
    """Serve one connection on this machine: send the bytes, sleep the numbers, then hang up."""
    listener = socket.create_server(("127.0.0.1", 0))
    done = threading.Event()

    def answer():
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                for piece in pieces:
                    if isinstance(piece, bytes):
                        connection.sendall(piece)
                    else:
                        done.wait(piece)

    thread = threading.Thread(target=answer)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/file.gz"
    finally:
        done.set()
        listener.close()
        thread.join()


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n"


def test_the_limits_suit_the_official_archives():
    assert (SILENCE, TOTAL) == (20, 600)
    assert LARGEST > 3 * 18_165_135  # KMNIST's training images


def test_content_arrives_whole():
    with server(OK, b"abc", b"def") as url:
        assert download(url, largest=6) == b"abcdef"


def test_slow_but_steady_is_waited_for():
    with server(OK, *[part for byte in b"abcdef" for part in (0.1, bytes([byte]))]) as url:
        assert download(url, silence=0.4) == b"abcdef"


@pytest.mark.parametrize("before", [(), (b"HTTP/1.1 200 OK\r\n",), (OK, b"abc")])
def test_silence_is_given_up(before):
    start = time.monotonic()
    with server(*before, 10.0) as url, pytest.raises(DownloadError, match=r"^http://127.*/file\.gz: timed out$"):
        download(url, silence=0.2)
    assert time.monotonic() - start < 5


def test_a_drip_is_given_up():
    drip = [part for _ in range(100) for part in (0.05, b"a")]
    start = time.monotonic()
    with server(ENDLESS, *drip) as url, pytest.raises(DownloadError, match=r"not complete after 0\.2 s"):
        download(url, total=0.2)
    assert time.monotonic() - start < 2


def test_a_flood_is_refused():
    with server(ENDLESS, *[bytes(2**16)] * 1000) as url, pytest.raises(DownloadError, match="more than 100000 bytes"):
        download(url, largest=100_000)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP Error 404: Not Found"),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "HTTP Error 503: Busy"),
        (b"HTTP/1.1 302 Found\r\nLocation: file:///etc/hosts\r\nContent-Length: 0\r\n\r\n", "HTTP Error 302"),
        (OK + b"abc", "broke off 3 bytes before the end"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nabc", "IncompleteRead"),
        (b"\x00\xff nonsense\r\n\r\n", "answers what is no HTTP ("),
        (b"", "Remote end closed connection without response"),
    ],
)
def test_bad_answers_fail_in_one_line(answer, reason):
    with server(answer) as url, pytest.raises(DownloadError) as failure:
        download(url)
    assert reason in str(failure.value)
    assert str(failure.value).startswith(url)
    assert str(failure.value).isprintable()


def test_no_network_fails_in_one_line():
    with pytest.raises(DownloadError, match=r"^http://example.org/x: .*no network in tests$"):
        download("http://example.org/x")
