"""How good is each recogniser by itself? Test vectors of recognisers, national numbers and telephone numbers.

Vectors are unit tests of one recogniser, often a bare number; so the recogniser is asked alone and its weak candidates
count, as they do for whoever wrote the vectors. Whole sentences go through all recognisers.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import phonenumbers

from apps.privacy.pipeline import dates, folding, identifiers, money, online, telephones
from apps.privacy.pipeline.reading import Reading
from apps.privacy.services import redacting
from apps.privacy.types import Kind, KnownIdentities, Span

Row = Mapping[str, Any]

# What the vectors call by other names than our schemes.
_RENAMED: Final[dict[str, tuple[str, ...]]] = {
    "aba_routing": ("us_routing",),
    "certificate_number": ("us_dea",),
    "de_fuehrerschein": ("de_driving_licence",),
    "de_handelsregister": ("de_company",),
    "de_kfz": ("de_plate",),
    "de_plz": ("de_postcode",),
    "fi_personal_identity_code": ("fi_hetu",),
    "in_pan": ("in_pan", "in_pan_loose"),
    "in_vehicle_registration": ("in_vehicle",),
    "it_driver_license": ("it_driving_licence",),
    "it_fiscal_code": ("it_fiscal_code_shape",),
    "it_vat_code": ("it_vat",),
    "kr_driver_license": ("kr_driving_licence",),
    "ng_vehicle_registration": ("ng_plate",),
    "se_organisationsnummer": ("se_orgnr",),
    "th_tnin": ("th_pin",),
    "tr_license_plate": ("tr_plate",),
    "tr_national_id": ("tr_kimlik",),
    "uk_driving_licence": ("gb_driving_licence",),
    "uk_nhs": ("gb_nhs",),
    "uk_nino": ("gb_nino",),
    "uk_passport": ("gb_passport",),
    "uk_postcode": ("gb_postcode",),
    "uk_vehicle_registration": ("gb_plate",),
    "us_driver_license": ("us_driving_licence",),
    "za_id_number": ("za_id",),
}
_MODULES: Final[dict[str, str]] = {
    "at.uid": "at_vat",
    "be.bis": "be_nn",
    "be.ssn": "be_nn",
    "de.idnr": "de_tax_id",
    "de.vat": "de_vat_id",
    "es.cif": "es_cif",
    "es.dni": "es_nif",
    "es.nie": "es_nie",
    "fi.alv": "fi_ytunnus",
    "fr.siren": "fr_siret",
    "fr.tva": "fr_vat",
    "ie.vat": "ie_pps",
    "il.idnr": "il_id",
    "in_.aadhaar": "in_aadhaar",
    "in_.epic": "in_voter",
    "in_.gstin": "in_gstin",
    "in_.pan": "in_pan",
    "in_.vid": "in_vid",
    "is_.kennitala": "is_kennitala",
    "it.codicefiscale": "it_fiscal_code",
    "it.iva": "it_vat",
    "jp.in_": "jp_my_number",
    "lu.tva": "lu_vat",
    "lv.pvn": "lv_pk",
    "nl.btw": "nl_vat",
    "nl.identiteitskaartnummer": "nl_document",
    "no.mva": "no_orgnr",
    "ro.cf": "ro_cnp",
    "si.ddv": "si_vat",
    "si.emso": "jmbg",
    "tr.tckimlik": "tr_kimlik",
    "us.rtn": "us_routing",
    "za.idnr": "za_id",
}
_SENTENCES: Final = ("You can call me on {} after five.", "My number is {}, thanks", "Tel. {}\nJohn")


def evaluate_recognisers(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the share of vectors with the exact number of hits, of the kinds that have a recogniser."""
    right: dict[str, list[bool]] = {}
    missing: dict[str, int] = {}
    wrong = []
    started = time.process_time()
    for row in rows:
        entity = str(row["entity"])
        recogniser = _find_recogniser(entity)
        if recogniser is None:
            missing[entity] = missing.get(entity, 0) + 1
            continue
        hits = len(_distinct(recogniser(str(row["text"]))))
        right.setdefault(entity, []).append(hits == int(row["expected_len"]))
        if hits != int(row["expected_len"]):
            wrong.append(str(row.get("id", "")))
    return _summarise(right, started, {"not_supported": missing, "wrong": wrong})


def evaluate_numbers(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the share of right verdicts over the numbering schemes that are claimed."""
    right: dict[str, list[bool]] = {}
    missing: dict[str, int] = {}
    wrong = []
    started = time.process_time()
    for row in rows:
        module = str(row["module"])
        name = _MODULES.get(module, module.replace(".", "_"))
        if name not in identifiers.BY_NAME:
            missing[module] = missing.get(module, 0) + 1
            continue
        verdict = identifiers.verify(name, folding.fold(str(row["value"])).text)
        right.setdefault(module, []).append(verdict == (str(row["valid"]) == "True"))
        if not right[module][-1]:
            wrong.append(str(row.get("id", "")))
    return _summarise(right, started, {"not_supported": missing, "wrong": wrong})


def evaluate_telephones(rows: Sequence[Row]) -> dict[str, Any]:
    """Return the share of numbers found in sentences, in the three styles they are written in."""
    right: dict[str, list[bool]] = {}
    wrong = []
    started = time.process_time()
    for index, row in enumerate(rows):
        number = phonenumbers.parse(str(row["e164"]), None)
        region = str(row["region"])
        styles = {
            "e164": (str(row["e164"]), None),
            "international": (phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL), None),
            "national": (
                phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL),
                None if region == "001" else region,
            ),
        }
        for style, (written, hint) in styles.items():
            text = _SENTENCES[index % len(_SENTENCES)].format(written)
            start = text.index(written)
            found = [span for span in redacting.find_spans(text, region=hint) if span.kind is Kind.PHONE]
            right.setdefault(style, []).append(any(_covers(span, start, start + len(written)) for span in found))
            if not right[style][-1]:
                wrong.append(f"{row.get('id', '')} {style}")
    return _summarise(right, started, {"wrong": wrong})


def _covers(span: Span, start: int, end: int) -> bool:
    """Say whether a span is the number, but for a bracket at its border."""
    return abs(span.start - start) <= 1 and abs(span.end - end) <= 1


def _summarise(right: Mapping[str, Sequence[bool]], started: float, more: dict[str, Any]) -> dict[str, Any]:
    verdicts = [verdict for some in right.values() for verdict in some]
    share = statistics.fmean(verdicts) if verdicts else 0.0
    return {
        # One verdict a case: found or not, so that all four are the same.
        **dict.fromkeys(("precision", "recall", "f1", "f2", "share"), share),
        "count": len(verdicts),
        "ms_per_text": (time.process_time() - started) * 1000 / max(1, len(verdicts)),
        "per_type": {
            name: {"share": statistics.fmean(some), "count": len(some)} for name, some in sorted(right.items())
        },
        **more,
    }


def _distinct(spans: Sequence[Span]) -> list[Span]:
    """Leave out what another hit contains."""
    chosen: list[Span] = []
    for span in sorted(set(spans), key=lambda span: (span.start, -span.end)):
        if not chosen or span.start >= chosen[-1].end:
            chosen.append(span)
    return chosen


def _find_recogniser(entity: str) -> Callable[[str], list[Span]] | None:
    names = _RENAMED.get(entity, (entity,))
    if all(name in identifiers.BY_NAME for name in names):
        return lambda text: [span for name in names for span in identifiers.find_scheme(_read(text), name)]
    return _OTHERS.get(entity)


def _read(text: str, region: str | None = None) -> Reading:
    return Reading(folding.fold(text).text, KnownIdentities(), region)


def _find_kind(kind: Kind) -> Callable[[str], list[Span]]:
    return lambda text: [span for span in redacting.find_spans(text) if span.kind is kind]


def _find_telephones(region: str | None) -> Callable[[str], list[Span]]:
    return lambda text: [span for span in telephones.find(_read(text, region)) if span.score > 0]


_OTHERS: Final[dict[str, Callable[[str], list[Span]]]] = {
    "iban": lambda text: [span for span in money.find_ibans(_read(text)) if span.scheme == "iban"],
    "credit_card": lambda text: [span for span in money.find_cards(_read(text)) if span.scheme == "card"],
    "crypto": lambda text: list(money.find_wallets(_read(text))),
    "ip": lambda text: [span for span in online.find(_read(text)) if span.kind is Kind.IP],
    "mac": lambda text: [span for span in online.find(_read(text)) if span.kind is Kind.DEVICE],
    "url": lambda text: [span for span in online.find(_read(text)) if span.kind is Kind.URL],
    "email": lambda text: [span for span in online.find(_read(text)) if span.kind is Kind.EMAIL],
    "date": lambda text: [span for span in dates.find(_read(text)) if span.kind is Kind.DATE],
    "phone": _find_telephones(None),
    "ph_mobile_number": _find_telephones("PH"),
    "tr_phone_number": _find_telephones("TR"),
}
