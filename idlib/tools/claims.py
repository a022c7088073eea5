"""What a lecture says of a text: its claims, as pieces of HTML."""

import re
from collections.abc import Callable
from itertools import pairwise

__all__ = ["ITEM", "ROWS", "blocks_of", "claims_of", "lead_of", "plain", "words"]

ROWS = 9  # of a table in a text
SCANT, LEAD = 60, 160  # characters: below the first, and up to the second, two sentences are shown
HANDS_ON = re.compile(  # for its reader alone
    r"\bcells?\b.*\b(run|press)|\b[Rr]un\b.*\bcells?\b|\b[Gg]uess(ed)?\b.*\b(open|drag|move)\b"
    r"|\b(JupyterLab|seconds|minutes?|FAIL|Try|Go on|[Tt]his machine|ran just now)\b"
    r"|^Under (\"|&quot;)"
)
HOMEWORK = re.compile(r"\s*<p><strong>Go on\b")
ABOUT = re.compile(r"<p><strong>(Objectives|Minutes|Before this|Downloads)\b")  # for its reader
ELEMENTS = ("p", "ul", "ol", "table", "pre", "div", "figure", "blockquote")
SENTENCE = re.compile(r"(?<=[.?!])(?<!\bal\.)(?<!\be\.g\.)(?<!\bi\.e\.)\s+(?=[A-Z<\d])")
COMMA = re.compile(r"<mo[^>]*>(?:,|&#x0002C;)</mo>(?=(?:</m\w+>)*</math>)")  # at its end
ITEM = re.compile(r"<li>(.*?)</li>", re.S)


def claims_of(page: str) -> list[tuple[str, bool]]:
    """What a slide shows of a text; all but its first claim are steps."""
    found: list[tuple[str, bool]] = []
    before = ""  # how the paragraph before ends, if that is not shown
    blocks = [block for block in blocks_of(ABOUT.split(page)[0]) if not HOMEWORK.match(block)]
    for block, after in pairwise([*blocks, ""]):
        tag = re.match(r"\s*<(\w+)", block)
        leads = after.lstrip()[:2] not in ("", "<p")
        items = ITEM.findall(block)
        if tag and tag[1] in ("ul", "ol") and items:
            first = re.match(r'\s*<ol start="(\d+)"', block)
            for n, item in enumerate(items, int(first[1]) if first else 1):
                text = lead_of(_bare(re.split(r"<[uo]l>", item)[0]), leads and item is items[-1])
                if not text:
                    continue
                start = f' start="{n}"' if tag[1] == "ol" else ""
                found.append((f"<{tag[1]}{start}><li>{text}</li></{tag[1]}>", True))
        elif "<table" in block:
            if block.count("<tr") <= ROWS + 1:
                found.append((block, True))
        elif 'class="formula"' in block or (tag and tag[1] == "pre"):
            if before:
                found.append((f"<p>{before}</p>", bool(found)))
            found.append((COMMA.sub("", block), bool(found)))
            before = ""
        elif tag and tag[1] == "p":
            lead, last = lead_of(_bare(block), leads), _last(_bare(block))
            if lead and (not found or "<strong>" in block[:20]):
                found.append((f"<p>{lead}</p>", bool(found)))
                last = [sentence for sentence in last if sentence.rstrip(" :") not in lead]
            before = " ".join(last)
    return found


def plain(page: str, between: str = "") -> str:
    return re.sub(r"<[^>]+>", between, page)


def words(page: str) -> int:
    return len(plain(page, " ").split())


def _bare(text: str) -> str:
    return re.sub(r"^\s*<p>|</p>\s*$", "", text.strip()).replace("</p>", " ").replace("<p>", " ")


def lead_of(text: str, leads: bool = False) -> str:
    """The first sentence of an HTML text, and the next while it is short. A colon at its end is
    kept where it `leads` to what is shown."""
    every, whole = _sentences(text)
    lead, *rest = [one for one in every if not HANDS_ON.search(plain(whole(one)))] or [""]
    if rest and (len(plain(lead)) < SCANT or len(plain(lead + rest[0])) < LEAD):
        lead = f"{lead} {rest[0]}"
    return whole(lead) if leads else re.sub(r":\s*$", ".", whole(lead))


def _last(text: str) -> list[str]:
    """The last sentence of an HTML text, with the one before if it is short."""
    every, whole = _sentences(text)
    scant = len(plain(every[-1])) < SCANT
    return [whole(sentence) for sentence in every[-2 if scant else -1 :]]


def _sentences(text: str) -> tuple[list[str], Callable[[str], str]]:
    """The sentences of an HTML text, and what makes one whole: formulas, links and code were taken
    out, and elements may begin or end in another one."""
    kept: list[str] = []

    def keep(formula: re.Match) -> str:
        kept.append(formula[0])
        return f"\x00{len(kept) - 1}\x01"

    def whole(part: str) -> str:
        for tag in ("strong", "em"):
            missing = part.count(f"<{tag}>") - part.count(f"</{tag}>")
            part = f"<{tag}>" * -missing + part + f"</{tag}>" * missing
        return re.sub("\x00(\\d+)\x01", lambda place: kept[int(place[1])], part)

    text = re.sub(r"<(math|a|code)\b.*?</\1>", keep, text, flags=re.S)
    return SENTENCE.split(re.sub(r"(?:^|\s)\([^()]*[.?!]\)", "", text).strip()), whole


def blocks_of(page: str) -> list[str]:
    """A page of HTML, cut between its outermost elements."""
    ends = "|".join(f"(?<=</{tag}>)" for tag in ELEMENTS)
    blocks, depth = [""], 0
    for piece in re.split(ends, page):
        blocks[-1] += piece
        depth += len(re.findall(r"<(?:ul|ol|table|div|figure|blockquote)\b", piece))
        depth -= len(re.findall(r"</(?:ul|ol|table|div|figure|blockquote)>", piece))
        if depth == 0:
            blocks.append("")
    return [block for block in blocks if block.strip()]
