"""The faults, one a line each: what happens, and what the terminal says (… stands for anything)."""

from faults import around, moments
from faults.around import (
    ARCHIVE,
    RECORD,
    archive,
    behind,
    full_disk,
    odd_data_folder,
    read_only,
    starting,
    with_environment,
)
from faults.damages import cut, edited, empty, file, folder, foreign, gone, latin, listed, tab, tag, twice
from faults.files import RUN, STEPS, damaged, removed, result
from faults.runner import Fault

METRICS = f"{RUN}/metrics.csv"
BEALE = "results/functions/paper/beale"
MLP = "results/estimators/penguins/students_mlp"
NO_COLUMNS = "cannot be read (No columns to parse from file)"
NO_FOLDER = "remove the file that is where a folder must be and run the same command again"
PUBLISHED = "results/reference/paper/controls-runs.csv"
MAKE_ROOM = "make room and run the same command again"
KILLED = "the process of this run was killed; run the same command again"
NO_MEMORY = "the memory is used up: free some, or give fewer --cores, and run the same command again"
BUSY = "process … runs the workflow here: wait until it has ended, or end it"
LOCKED = "process 7 on elsewhere, since then, has locked this folder: if it has ended, delete .snakemake/locks"
CHANGED = "is not as its job wrote it, the checksum differs"
READ_ONLY = "cannot be written to: make it a folder that can, results go there"
REFUSED = f"is refused: its checksum is …, expected …; replace it by the official {ARCHIVE} or remove it"

INTERRUPTIONS = (
    Fault("kill -9 of Snakemake, ten times", moments.interrupted(moments.killed, seed=1), fresh=True),
    Fault("terminal closed (SIGHUP), ten times", moments.interrupted(moments.hung_up, seed=2), fresh=True),
    Fault("ctrl-C, ten times", moments.interrupted(moments.stopped, seed=3), fresh=True),
    Fault("ctrl-C three times at once", moments.interrupted(moments.stopped_thrice, seed=4, count=1), fresh=True),
    Fault("`kill` (SIGTERM), ten times", moments.interrupted(moments.terminated, seed=5), fresh=True),
    Fault("kill -9 of a job's process", moments.during(moments.kill_a_fork), KILLED, status=1, fresh=True),
    Fault("kill -9 of the server that forks", moments.during(moments.kill_the_server), status=None, fresh=True),
    Fault("no memory left", moments.during(moments.little_memory), NO_MEMORY, status=1, fresh=True),
    Fault("the same command while it is at work", moments.second_command, BUSY, status=1, fresh=True),
    Fault("a lock of another machine", moments.lock_of_another_machine, LOCKED, status=1, mend=moments.unlock),
)
RESULTS = (
    result(METRICS, cut, CHANGED),
    result(METRICS, empty, NO_COLUMNS),
    result(METRICS, edited, CHANGED),
    result(METRICS, foreign, "lacks the column …"),
    result(METRICS, folder, "cannot be read (Is a directory)"),
    result(f"{RUN}/times.csv", edited, CHANGED, METRICS),
    result(f"{RUN}/run.json", cut, "is not JSON (…)", METRICS),
    result(f"{BEALE}-record.json", foreign, "is not JSON (…)"),
    result("results/functions/costs/process-0.csv", edited, CHANGED),
    result(f"{MLP}-cloud.csv", cut, CHANGED, f"{MLP}.csv"),
    result("results/estimators/curvature.csv", empty, NO_COLUMNS),
    result(f"{STEPS}.json", cut, "is not JSON (…)"),
    result("results/frames/tiny.csv", cut, CHANGED),
    result("results/frames/functions.csv", edited, CHANGED),
    result("results/frames/tiny-runs.csv", foreign, CHANGED),
    result("results/frames/tiny-costs.csv", folder, "cannot be read (Is a directory)"),
    result("results/frames/tiny-provenance.json", cut, "is not JSON (…)"),
    result("results/tables/tiny/methods.csv", empty, CHANGED),
    result("results/tables/claims.csv", cut, CHANGED),
    result("results/data/penguins.npz", cut, "is broken (…)"),
    result("results/data/mnist5k.npz", edited, "is broken (…)"),
    damaged(
        "results/data/penguins.json",
        cut,
        "results/data/penguins.json is not the record of a data set; delete it, the next run searches again",
        removed,
    ),
    damaged(
        RECORD, folder, f"{RECORD} is not the record of a data set; delete it, the next run searches again", removed
    ),
    damaged("results/data/raw/penguins/raw/penguins_processed.csv", cut),
    damaged(RUN, file, NO_FOLDER, removed),
    damaged("results/frames", file, NO_FOLDER, removed),
    damaged("results/logs", file, NO_FOLDER, removed),
    damaged("report/site", file),
    *(damaged(path, gone) for path in (METRICS, f"{RUN}/times.csv", f"{RUN}/run.json", RUN, "results/frames/tiny.csv")),
    *(damaged(path, gone) for path in ("results/data/penguins.npz", "report/site", ".snakemake")),
)
INPUTS = tuple(
    damaged(path, how, says)
    for path, says, hows in (
        ("config/config.yaml", "config/config.yaml …: mend it", (gone, latin, folder, listed, twice)),
        ("config/tuned.yaml", "config/tuned.yaml …: mend it or delete it", (latin, tab, tag, twice, folder, listed)),
        ("config/tuned.yaml", "chosen trains with it: run `snakemake tuned`", (empty, gone)),
        ("report/claims.yaml", "report/claims.yaml …: mend it", (empty, gone, latin, folder, listed)),
        (
            "report/quoted.csv",
            "report/quoted.csv …: mend it, or take the one from the repository",
            (empty, latin, foreign),
        ),
        ("report/quoted.csv", "", (gone,)),
        ("report/audit.yaml", "report/audit.yaml …: mend it", (empty, listed, folder)),
        ("CITATION.cff", "CITATION.cff …: mend it", (empty, latin, folder)),
        (PUBLISHED, f"{PUBLISHED} cannot be read (…); take it from the repository again", (empty, folder)),
    )
    for how in hows
)
AROUND = (
    read_only("results", f"results {READ_ONLY}"),
    read_only("report", f"report {READ_ONLY}"),
    read_only(".snakemake", f".snakemake {READ_ONLY}"),
    read_only(".", READ_ONLY),
    full_disk(MAKE_ROOM, seed=6),
    Fault("no HOME", with_environment(HOME="")),
    Fault("HOME cannot be written to", with_environment(HOME="/proc/nowhere")),
    Fault("umask 077", starting("sh", "-c", 'umask 077; exec "$@"', "sh"), fresh=True),
    Fault("quotes, braces and `$` in `data_dir`", odd_data_folder, "größe does not exist", mend=around.retry),
    Fault("all files are of 2001", around.dated_2001),
    Fault("moved, without the record of what was made", around.moved),
)
ARCHIVES = (
    *(archive(how, REFUSED) for how in (cut, edited, empty, foreign)),
    archive(folder, "cannot be read: Is a directory; make it readable or remove it"),
)
SERVERS = (
    behind("answers 403", b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "HTTP Error 403: Forbidden"),
    behind("answers 503", b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "HTTP Error 503: Busy"),
    behind("sends a page", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>", "is refused: its checksum is …"),
    behind("breaks off", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", "broke off 95 bytes before the end"),
    behind("sends in circles", b"HTTP/1.1 302 Found\r\nLocation: http://a/\r\n\r\n", "…redirect…"),
    behind("sends what is no HTTP", b"\x00\xff\x00\xff\r\n", "answers what is no HTTP (…)"),
    behind(
        "sends without an end", b"HTTP/1.1 200 OK\r\n\r\n" + bytes(2**20), "sends more than 67108864 bytes", times=99
    ),
    behind("sends nothing for 20 s", b"", "timed out", times=1, seconds=30),
)
KINDS = {
    "Interruptions": INTERRUPTIONS,
    "Results": RESULTS,
    "What is read": INPUTS,
    "Disk, home and clock": AROUND,
    "Archives in the data folder": ARCHIVES,
    "Servers": SERVERS,
}
FAULTS = tuple(fault for faults in KINDS.values() for fault in faults)
