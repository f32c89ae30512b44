"""Does answer text become the nodes we mean, and never more than those?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.simulators.chat_server import ChatServer

pytestmark = pytest.mark.browser

RENDER = """async ([text, options]) => {
  const { renderInto } = await import("/static/shared/richtext.js");
  const element = document.createElement("div");
  renderInto(element, text, options);
  return element.innerHTML;
}"""
ANCHOR = 'href="{0}" rel="noopener noreferrer nofollow" target="_blank"'


@pytest.fixture
def blank(context: BrowserContext, server: ChatServer) -> Iterator[Page]:
    server.pages["/blank"] = "<!doctype html><title>Blank</title>"
    page = context.new_page()
    page.goto(server.origin + "/blank")
    yield page
    page.close()


CASES = {
    "paragraphs and lines": ("One\ntwo\n\nThree", "<p>One<br>two</p><p>Three</p>"),
    "bold, italic and code": (
        "**a b** *c* `d*e*`",
        "<p><strong>a b</strong> <em>c</em> <code>d*e*</code></p>",
    ),
    "a star within words is a star": ("2*3*4 and snake_case", "<p>2*3*4 and snake_case</p>"),
    "a list right after its sentence": (
        "You need:\n- soap\n- **water**",
        "<p>You need:</p><ul><li>soap</li><li><strong>water</strong></li></ul>",
    ),
    "a loose numbered list keeps counting": ("1. one\n\n2. two", "<ol><li>one</li><li>two</li></ol>"),
    "a list that begins later": ("3. three\n4. four", '<ol start="3"><li>three</li><li>four</li></ol>'),
    "a paragraph after a list": ("- a\n\nThen", "<ul><li>a</li></ul><p>Then</p>"),
    "a heading is a bold line": ("## Returns\n\nText", "<p><strong>Returns</strong></p><p>Text</p>"),
    "a table without its line of dashes": (
        "| Where | Price |\n|:---|---|\n| Austria | **€5** |\nThen",
        "<table><tbody><tr><th>Where</th><th>Price</th></tr>"
        "<tr><td>Austria</td><td><strong>€5</strong></td></tr></tbody></table><p>Then</p>",
    ),
    "fenced code": ("```sh\na <b>\n```\nafter", "<pre><code>a &lt;b&gt;</code></pre><p>after</p>"),
    "markup is text": ("<b onclick=x>&amp;", "<p>&lt;b onclick=x&gt;&amp;amp;</p>"),
    "a script address stays text": ("[x](javascript:alert(1))", "<p>[x](javascript:alert(1))</p>"),
    "a data address stays text": ("[x](data:text/html,hi)", "<p>[x](data:text/html,hi)</p>"),
    "an unknown citation stays text": ("See [7].", "<p>See [7].</p>"),
}


@pytest.mark.parametrize(("text", "html"), CASES.values(), ids=CASES.keys())
def test_answer_text_becomes_exactly_these_nodes(blank: Page, text: str, html: str) -> None:
    assert blank.evaluate(RENDER, [text, {}]) == html


def test_links_open_elsewhere_and_tell_the_target_nothing(blank: Page) -> None:
    html = blank.evaluate(RENDER, ["[our page](https://a.example/x_(y)) or https://b.example/z?q=1.", {}])

    assert f"<a {ANCHOR.format('https://a.example/x_(y)')}>our page</a> or <a " in html
    assert f"<a {ANCHOR.format('https://b.example/z?q=1')}>https://b.example/z?q=1</a>." in html


def test_known_citations_become_buttons_that_name_their_source(blank: Page) -> None:
    script = RENDER.replace("options);", "{ citations: options, onCitation() {} });")

    html = blank.evaluate(script, ["Thirty days. [1]", [{"n": 1, "title": "Returns"}]])

    assert 'aria-label="1: Returns"' in html
    assert html.count("<button") == 1


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Within **30", "<p>Within <strong>30</strong></p>"),
        ("Within **", "<p>Within </p>"),
        ("See [our pa", "<p>See </p>"),
        ("See [our page](https://exa", "<p>See </p>"),
        ("Days. [1]", '<p>Days. <span class="citation">1</span></p>'),
    ],
)
def test_half_arrived_marks_are_not_shown(blank: Page, text: str, html: str) -> None:
    assert blank.evaluate(RENDER, [text, {"partial": True}]) == html


def test_finished_blocks_are_left_alone_while_more_text_arrives(blank: Page) -> None:
    kept = blank.evaluate(
        """async () => {
          const { renderInto } = await import("/static/shared/richtext.js");
          const element = document.createElement("div");
          renderInto(element, "First.\\n\\nSec", { partial: true });
          const first = element.firstChild;
          renderInto(element, "First.\\n\\nSecond.", { partial: true });
          return [element.firstChild === first, element.textContent];
        }"""
    )

    assert kept == [True, "First.Second."]
