"""Can everyone read our pages? Pairs of text and ground in the design tokens meet WCAG AA, in light and in dark."""

import re
from pathlib import Path

import pytest

STATIC = Path(__file__).resolve().parents[2] / "static"
COLOUR = re.compile(r"--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\);")
LITERAL_COLOUR = re.compile(r"#(?:[0-9a-f]{3,4}){1,2}\b|\brgba?\(|\bhsla?\(", re.IGNORECASE)
SCHEMES = ("light", "dark")

GROUNDS = ("canvas", "surface", "raised", "sunken", "hover", "selected")
TONES = ("brass", "blue", "red", "green")
READABLE = [(text, ground) for ground in GROUNDS for text in ("ink", "ink-soft", "ink-faint", "accent-ink")]
READABLE += [("ink", f"{tone}-soft") for tone in ("accent", *TONES)]
READABLE += [(f"{tone}-ink", ground) for tone in TONES for ground in (f"{tone}-soft", "surface", "canvas", "raised")]
READABLE += [("accent-ink", "accent-soft"), ("ink-soft", "accent-soft"), ("ink", "accent-line"), ("surface", "ink")]
READABLE += [("on-accent", ground) for ground in ("accent", "accent-hover", "accent-active")]
READABLE += [("on-red", "red"), ("on-red", "red-hover")]
DISCERNIBLE = [(mark, ground) for mark in ("line-control", "focus", "accent") for ground in ("canvas", "surface")]
DISCERNIBLE += [(tone, "surface") for tone in TONES]


def read_palette() -> dict[str, dict[str, str]]:
    tokens = (STATIC / "shared" / "tokens.css").read_text()
    return {name: dict(zip(SCHEMES, pair, strict=True)) for name, *pair in COLOUR.findall(tokens)}


def luminance(colour: str) -> float:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("text", "ground"), READABLE)
def test_text_stands_out_from_its_ground(text: str, ground: str, scheme: str) -> None:
    palette = read_palette()

    ratio = contrast(palette[text][scheme], palette[ground][scheme])

    assert ratio >= 4.5, f"--{text} on --{ground} in {scheme}: {ratio:.2f}"


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize(("mark", "ground"), DISCERNIBLE)
def test_controls_and_state_marks_stand_out_from_their_ground(mark: str, ground: str, scheme: str) -> None:
    palette = read_palette()

    ratio = contrast(palette[mark][scheme], palette[ground][scheme])

    assert ratio >= 3, f"--{mark} on --{ground} in {scheme}: {ratio:.2f}"


def test_the_known_extremes_of_contrast_come_out_exactly() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#777777") == pytest.approx(1)


@pytest.mark.parametrize("sheet", ["shared/base.css", "inboxes/panel.css"])
def test_components_take_every_colour_from_the_tokens(sheet: str) -> None:
    css = re.sub(r"/\*.*?\*/", "", (STATIC / sheet).read_text(), flags=re.DOTALL)

    assert LITERAL_COLOUR.findall(css) == []
