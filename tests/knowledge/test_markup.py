"""Files become text, and say what they declare."""

import time

import pytest

from apps.knowledge.services import markup


def test_front_matter_is_read_and_the_first_heading_is_the_title() -> None:
    parsed = markup.parse_markdown('---\nid: d-7\nlocale: "de"\ntags: [a, b]\n---\n# Lieferung\n\nZwei Tage.\n')

    assert parsed.body == "Zwei Tage."
    assert (parsed.fields["id"], parsed.fields["locale"], parsed.fields["title"]) == ("d-7", "de", "Lieferung")


def test_another_first_heading_than_the_title_stays_in_the_text() -> None:
    parsed = markup.parse_markdown("---\ntitle: Delivery\n---\n# Islands\n\nSix days.")

    assert (parsed.fields["title"], parsed.body) == ("Delivery", "# Islands\n\nSix days.")


def test_a_rule_at_the_top_without_an_end_is_no_front_matter() -> None:
    assert markup.parse_markdown("---\nOnly text").body == "---\nOnly text"


def test_a_page_is_its_visible_text() -> None:
    parsed = markup.parse_html(
        "<!doctype html><html lang='de'><head><title>Hilfe &amp; <b></title><style>p{}</style></head>"
        "<body><nav>Menu</nav><h1>Hilfe</h1><p>Ein  Satz<br>mit <b>fett</b> &amp; mehr.</p><!-- <p>nicht</p> -->"
        "<ul><li>eins<li>zwei</ul><h2>Preise</h2><table><tr><td>a<td>b</table>"
        "<script>if (1 < 2) alert('<p>no</p>')</script></body></html>"
    )

    assert parsed.fields == {"title": "Hilfe & <b>", "locale": "de"}
    assert parsed.body == "# Hilfe\n\nEin Satz\nmit fett & mehr.\n\n- eins\n- zwei\n\n## Preise\n\n| a | b"


def test_what_looks_like_a_tag_but_is_none_stays() -> None:
    assert markup.parse_html("<p>1 < 2 and 3 > 2</p>").body == "1 < 2 and 3 > 2"


@pytest.mark.parametrize(
    "page",
    [
        "<" * 100_000,
        "<a " * 100_000,
        "</" * 100_000,
        "<!--" * 100_000,
        "<script>" * 100_000,
        "<nav>" * 30_000 + "</svg></nav>" * 30_000,
        "&" * 100_000,
        "<a b='" * 100_000,
    ],
)
def test_hostile_markup_takes_linear_time(page: str) -> None:
    started = time.process_time()

    markup.parse_html(page)

    assert time.process_time() - started < 10
