"""When do two words mean the same? Stems, and a few everyday synonyms of shop and service talk."""

import functools
import re

from apps.ai.providers.builtin.language import ALL_STOP_WORDS

# Words with inner apostrophes or hyphens' parts apart; numbers with their decimals; one character of scripts that
# write without spaces.
_TOKEN = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]|\\d+(?:[.,:]\\d+)*|[^\\W\\d_]+(?:['\u2019][^\\W\\d_]+)?"
)
_ENDINGS = (
    "ierungen", "ierung", "ations", "ation", "ments", "ungen", "ingly", "edly", "ment", "able", "ung", "ings", "ing",
    "ies", "ied", "ern", "est", "ern", "es", "ed", "er", "en", "em", "ly", "al", "s", "e", "n", "y", "t",
)  # fmt: skip
_MINIMUM_STEM = 3

_IRREGULAR = {
    "paid": "pay", "sent": "send", "bought": "buy", "kept": "keep", "lost": "lose", "broke": "break", "broken": "break",
    "sold": "sell", "got": "get", "gave": "give", "given": "give", "came": "come", "went": "go", "took": "take",
    "left": "leave", "told": "tell", "held": "hold", "met": "meet", "worn": "wear", "wore": "wear", "stolen": "steal",
    "forgot": "forget", "forgotten": "forget", "chose": "choose", "chosen": "choose", "children": "child",
    "people": "person", "men": "man", "women": "woman",
}  # fmt: skip

_SYNONYM_GROUPS = (
    "cost costs price fee charge charges rate tariff amount expensive how-much",
    "delivery deliver shipping ship shipment postage post dispatch send mail",
    "parcel package order packet box consignment",
    "refund money reimburse reimbursement repay money-back",
    "return send-back bring-back take-back returnable",
    "cancel stop end terminate quit unsubscribe",
    "pause suspend hold freeze",
    "broken damaged cracked faulty defective dented torn",
    "exchange swap replace replacement",
    "guarantee warranty covered cover",
    "repair fix mend mending",
    "change alter edit update modify correct",
    "buy purchase order",
    "pay payment paying charge debit",
    "card visa mastercard amex credit debit",
    "instalment installment instalments rate",
    "expire expiry run-out valid validity good",
    "discount voucher code coupon reduction off percent",
    "deposit bond",
    "password locked login sign-in log-in signin",
    "account profile",
    "phone telephone call ring line",
    "e-mail email mail",
    "contact reach",
    "collect collection pick pickup fetch",
    "courier carrier driver",
    "hours open opening opened",
    "late delayed overdue delay",
    "missing lost disappeared stolen",
    "deadline cutoff cut-off limit latest last",
    "minimum smallest least lowest min",
    "maximum most largest highest max limit",
    "company business firm organisation",
    "christmas xmas",
    "child children kid kids baby toddler year",
    "wash washing clean cleaning laundry dryer dry",
    "limescale descale scale",
    "size bigger smaller larger dimensions",
    "dangerous safe safety danger risk hazard",
    "founder founded started start begin began",
    "invoice bill receipt",
    "tracking track trace",
    "address home house moved move",
    "flight fly flying airline plane aeroplane cabin",
    "data information privacy gdpr",
    "delete erase remove",
    "allergy allergic allergen gluten",
    "gift present",
    "complaint complain",
    "subscription subscribe plan membership",
    "kosten preis preise gebühr kostet versandkosten",
    "versand lieferung liefern verschicken zustellung paket",
    "rückgabe zurückgeben rücksendung zurücksenden retoure umtauschen widerruf",
    "erstattung geld erstatten rückzahlung",
    "reparatur reparieren flicken defekt kaputt",
    "garantie gewährleistung",
    "kündigen abbestellen beenden stornieren",
    "coût prix frais tarif coûte",
    "livraison livrer envoi expédition colis",
    "retour retourner renvoyer rembourser remboursement",
    "precio coste costo cuesta tarifa",
    "envío entrega enviar paquete pedido",
    "devolución devolver reembolso cambiar",
)


@functools.lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return a crude stem, good enough to bring the forms of a word together within a handful of passages."""
    word = _IRREGULAR.get(word, word)
    if word[0].isdigit() or len(word) <= _MINIMUM_STEM:
        return word
    word = word.split("'")[0].split("\u2019")[0]
    for _ in range(2):  # "settings": first the plural, then the ending
        for ending in _ENDINGS:
            if word.endswith(ending) and len(word) - len(ending) >= _MINIMUM_STEM:
                word = word[: -len(ending)]
                break
        else:
            break
    return word[:-1] if len(word) > _MINIMUM_STEM and word[-1] == word[-2] else word


@functools.lru_cache(maxsize=4_096)
def is_common(word: str) -> bool:
    return word in ALL_STOP_WORDS or (len(word) == 1 and word.isascii() and not word.isdigit())


def content_tokens(text: str) -> list[str]:
    """Return the words of ``text`` that say what it is about, lower case, in order."""
    return [word for word in _TOKEN.findall(text.lower().replace("\u2019", "'")) if not is_common(word)]


def synonyms(stemmed: str) -> frozenset[str]:
    """Return the stems that may stand for this one."""
    return _SYNONYMS.get(stemmed, frozenset())


def _read_groups() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for group in _SYNONYM_GROUPS:
        members = {stem(word) for word in group.split() if "-" not in word}
        for member in members:
            table.setdefault(member, set()).update(members - {member})
    return {member: frozenset(others) for member, others in table.items()}


_SYNONYMS = _read_groups()
