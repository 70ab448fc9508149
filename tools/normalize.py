"""Make an executed notebook look the same whenever, wherever and however often it is run."""

import hashlib
import re
from collections import Counter

from nbformat import NotebookNode, from_dict

from tools.kernels import KERNEL

SVG_TYPES = ("image/svg+xml", "application/vnd.course.narrow+svg")
WIDGET = "application/vnd.jupyter.widget-view+json"
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}
LIBRARY_LOG = re.compile(
    r"^(?:WARNING: All log messages before absl.*|[IW]\d{4} [\d:.]+ .*)\n?",
    flags=re.MULTILINE,
)
LONG_NUMBER = re.compile(r"-?\d+\.\d{3,}")
PATH_DATA = re.compile(r'(?<= d=")[^"]*')
MARKUP = re.compile(r"<[^>]*>")
DESCRIPTION = re.compile(r"<metadata>.*?</metadata>", flags=re.DOTALL)
UNSEEN = re.compile(  # comments, turns by nothing, and names to which nothing refers
    r"<!--.*?-->\n?| transform=\"rotate\(-?0 [^\"]*\)\"|"
    r"(?<=<g) id=\"(?:line2d|[xy]tick|\w*Collection|QuadMesh)_\d+\"",
    flags=re.DOTALL,
)
FONT = re.compile(r"font-family: ([^;\"]*); ")
SHEET = "stroke-linecap: butt}"
MARKERS = re.compile(r"<g( clip-path=\"[^\"]*\")?>\n((?:<use [^>]*/>\n){2,})</g>")
STYLE = re.compile(r" style=\"[^\"]*\"")
ADDRESS = re.compile(r"(?<= at )0x[0-9a-f]{6,}")


def normalize(notebook: NotebookNode) -> list[str]:
    """Normalize in place; returns what the cells, not the libraries, wrote to stderr."""
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    course = notebook.metadata.get("course")
    notebook.metadata = from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE})
    if course:
        notebook.metadata["course"] = course
    stderr: list[str] = []
    for cell, identity in zip(notebook.cells, identities(notebook), strict=True):
        cell.id = identity
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            stderr += [LIBRARY_LOG.sub("", o.text) for o in cell.outputs if _is_stderr(o)]
            cell.outputs = clean(cell.outputs)
    return stderr


def identities(notebook: NotebookNode) -> list[str]:
    """One id per cell from its content, so that an edit changes one id and a move none."""
    seen: Counter[tuple[str, str]] = Counter()
    result = []
    for cell in notebook.cells:
        key = (cell.cell_type, cell.source)
        text = f"{cell.cell_type}\n{seen[key]}\n{cell.source}"
        seen[key] += 1
        result.append(hashlib.sha256(text.encode()).hexdigest()[:12])
    return result


def clean(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Outputs without stderr, widgets, overwritten progress lines and memory addresses."""
    kept: list[NotebookNode] = []
    for output in outputs:
        if _is_stderr(output) or WIDGET in output.get("data", {}):
            continue
        if output.output_type == "stream" and kept and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            output.text = ADDRESS.sub("0x…", last_state(output.text))
        elif "text/plain" in output.get("data", {}):
            output.data["text/plain"] = ADDRESS.sub("0x…", output.data["text/plain"])
        for kind in SVG_TYPES:
            if kind in output.get("data", {}):
                output.data[kind] = compact(output.data[kind])
    return [output for output in kept if output.get("text") != ""]


def compact(svg: str) -> str:
    """An SVG without what nobody can see, with numbers to a hundredth of a point."""
    svg = re.sub(r">\s+<", ">\n<", UNSEEN.sub("", DESCRIPTION.sub("", svg)))
    fonts = set(FONT.findall(svg))
    if len(fonts) == 1 and SHEET in svg:  # said once for all of the text
        svg = FONT.sub("", svg).replace(SHEET, f"{SHEET} text{{font-family: {fonts.pop()}}}", 1)
    svg = MARKERS.sub(_styled_once, svg)
    return MARKUP.sub(lambda tag: LONG_NUMBER.sub(_rounded, PATH_DATA.sub(_joined, tag[0])), svg)


def _styled_once(markers: re.Match[str]) -> str:
    """Markers that look alike, with their look at the group."""
    clip, uses = markers[1] or "", markers[2]
    looks = STYLE.findall(uses)
    if len(set(looks)) != 1 or len(looks) != uses.count("<use "):
        return markers[0]
    return f"<g{clip}{looks[0]}>\n{STYLE.sub('', uses)}</g>"


def _rounded(number: re.Match[str]) -> str:
    return f"{round(float(number[0]), 2) + 0.0:g}"


def _joined(path: re.Match[str]) -> str:
    return re.sub(r"\s*([A-Za-z])\s*", r"\1", path[0]).strip()


def last_state(text: str) -> str:
    """What a terminal would show in the end: a carriage return overwrites its line."""
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] for line in text.split("\n"))


def _is_stderr(output: NotebookNode) -> bool:
    return output.output_type == "stream" and output.name == "stderr"
