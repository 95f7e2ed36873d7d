"""What happens to files, for hypothesis to choose from."""

from hypothesis import strategies as st

FOREIGN = (b"", b"{", b"[]", b"7", b"null", b'{"run": 1}', b"a,b\n1,2\n", b"\xff\xfe\x00", b"\x00" * 20, b"[" * 5000)

damages = (
    st.tuples(st.just("cut"), st.floats(0, 1))
    | st.tuples(st.just("edit"), st.floats(0, 1), st.integers(0, 255))
    | st.tuples(st.just("foreign"), st.sampled_from(FOREIGN))
    | st.tuples(st.just("swap"), st.integers(0, 20))
    | st.just(("folder",))
    | st.just(("gone",))
)


def damage(path, files, kind, *how):
    """Do to the file at `path` what happens to files."""
    content = path.read_bytes()
    if kind == "cut":
        path.write_bytes(content[: int(how[0] * len(content))])
    elif kind == "edit":
        place = min(int(how[0] * len(content)), len(content) - 1)
        path.write_bytes(content[:place] + bytes([how[1]]) + content[place + 1 :])
    elif kind == "foreign":
        path.write_bytes(how[0])
    elif kind == "swap":
        path.write_bytes(files[how[0] % len(files)].read_bytes())
    else:
        path.unlink()
        if kind == "folder":
            path.mkdir()
