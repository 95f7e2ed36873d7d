"""How to cite the report: what CITATION.cff declares, and the same as BibTeX."""

from dataclasses import dataclass
from pathlib import Path

from forwardgrad.arguments import RefusalError
from forwardgrad.yaml_file import read_mapping

KEY = "forwardgrad"


@dataclass(frozen=True)
class Citation:
    """What CITATION.cff says of the work.

    Attributes:
        title: Title of the report.
        authors: Names of its authors.
        version: Version.
        date: Day of the release, ISO 8601.
        url: Where the work is published, empty if nowhere yet.
    """

    title: str
    authors: tuple[str, ...]
    version: str
    date: str
    url: str = ""

    @property
    def bibtex(self) -> str:
        """The entry for a bibliography."""
        fields = {
            "title": f"{{{self.title}}}",
            "author": " and ".join(f"{{{author}}}" for author in self.authors),
            "year": self.date[:4],
            "version": self.version,
            "url": self.url,
        }
        lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
        return "\n".join([f"@software{{{KEY},", *lines, "}"])


def read_citation(path: Path) -> Citation:
    """Read CITATION.cff.

    Raises:
        RefusalError: It lacks a title, authors, version or date-released.
    """
    declared = read_mapping(path)
    if missing := [key for key in ("title", "authors", "version", "date-released") if key not in declared]:
        raise RefusalError(f"{path} lacks {', '.join(missing)}: add it, the report says how it is cited")
    authors = (
        author.get("name") or f"{author['given-names']} {author['family-names']}" for author in declared["authors"]
    )
    return Citation(
        title=declared["title"],
        authors=tuple(authors),
        version=str(declared["version"]),
        date=str(declared["date-released"]),
        url=declared.get("url") or declared.get("repository-code") or "",
    )
