"""The numbering schemes of the Americas, Asia, Africa and the Pacific, and those of no country."""

from typing import Final

from apps.privacy.pipeline import checks_world as checks
from apps.privacy.pipeline import checksums
from apps.privacy.pipeline.schemes import STRONG, Scheme, scheme
from apps.privacy.types import Kind

_ID: Final = Kind.NATIONAL_ID
_COMPANY: Final = Kind.COMPANY_ID
_DOCUMENT: Final = Kind.DOCUMENT
_HEALTH: Final = Kind.HEALTH_ID
_VEHICLE: Final = Kind.VEHICLE
# A driver alone is somebody who brings a parcel.
_LICENCE: Final = r"drivers?'?s?[ -]{0,2}(?:lic|perm|id\b|no\b|num)|driving|licen[cs]e|\bdl\b"
_NATIONAL: Final = r"national|identity|ident|\bid\b"

SCHEMES: Final[tuple[Scheme, ...]] = (
    # North America
    scheme(
        "us_ssn",
        _ID,
        r"\d{3}([-. ])\d{2}\1\d{4}|\d{9}",
        checks.check_us_ssn,
        words="ssn|social|soc\\b|security number",
        strong=r"\d{3}[-. ]\d\d[-. ]\d{4}",
    ),
    # Any three-two-four grouping is treated as one, issued or not: people mistype, and tests use what is not issued.
    scheme("us_ssn_shape", _ID, r"\d{3}([-. ])\d{2}\1\d{4}", strong=STRONG, likely=0.94),
    scheme("us_itin", _ID, r"9\d{2}([- ]?)\d{2}\1\d{4}", checks.check_us_itin, words="itin|tax"),
    scheme("us_ein", _COMPANY, r"\d{2}-\d{7}", checks.check_us_ein, words="ein\\b|employer|tax"),
    scheme("us_ptin", _ID, r"P-\d{8}", strong=STRONG),
    scheme(
        "us_routing",
        Kind.BANK,
        r"\d{4}-\d{4}-\d|\d{9}",
        checks.check_us_rtn,
        words="routing|aba\\b|rtn|bank|ach\\b|transit",
    ),
    scheme(
        "us_bank",
        Kind.BANK,
        r"\d{8,17}",
        words="bank account|account (?:number|no)|checking|savings|debit account|acct",
    ),
    scheme("us_npi", _HEALTH, r"[12]\d{3}([- ]?)\d{3}\1\d{3}", checks.check_us_npi, words="npi\\b|provider"),
    scheme(
        "us_mbi",
        _HEALTH,
        r"[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d(-?)[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y0-9]\d\1[AC-HJKMNP-RT-Y]{2}\d{2}",
        strong=STRONG,
    ),
    scheme(
        "us_dea",
        _HEALTH,
        r"[ABCDEFGHJKLMPRSTUX][A-Z9]\d{7}",
        checks.check_us_dea,
        words="dea\\b|certificate|prescri",
        strong=STRONG,
    ),
    scheme("us_passport", _DOCUMENT, r"[A-Z0-9]\d{8}", words="passport|travel"),
    scheme(
        "us_driving_licence",
        _DOCUMENT,
        r"[A-Z]\d{3,13}|[A-Z]{2}\d{2,7}|\d{6,14}|[A-Z]\d{3}-\d{4}-\d{4}|[A-Z]\d{4}[- ]\d{5}[- ]\d{5}",
        words=_LICENCE,
    ),
    scheme(
        "ca_sin",
        _ID,
        r"\d{3}([- ]?)\d{3}\1\d{3}",
        checks.check_ca_sin,
        words="\\bsin\\b|social insurance|\\bnas\\b|assurance sociale",
    ),
    scheme(
        "ca_bn",
        _COMPANY,
        r"\d{5} ?\d{4}(?:R[TPCZ]\d{4})?",
        checks.check_ca_bn,
        words="business number|\\bbn\\b|gst|hst",
    ),
    scheme("ca_bc_phn", _HEALTH, r"9\d{3} ?\d{3} ?\d{3}", checks.check_ca_bc_phn, words="phn|health"),
    scheme(
        "ca_postcode",
        Kind.POSTCODE,
        r"[ABCEGHJ-NPRSTVXY]\d[ABCEGHJ-NPRSTV-Z] ?\d[ABCEGHJ-NPRSTV-Z]\d",
        strong=STRONG,
    ),
    # Latin America
    scheme("mx_curp", _ID, r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[A-Z0-9]\d", checks.check_mx_curp, strong=STRONG),
    scheme(
        "mx_rfc",
        _ID,
        r"[A-ZÑ&]{3,4}-?\d{6}(?:-?[A-Z0-9]{3})?",
        checks.check_mx_rfc,
        words="rfc",
        strong=r".*\d{6}-?[A-Z0-9]{3}",
    ),
    scheme(
        "br_cpf",
        _ID,
        r"\d{3}\.?\d{3}\.?\d{3}-?\d{2}",
        checks.check_br_cpf,
        words="cpf",
        strong=r"\d{3}\.\d{3}\.\d{3}-\d\d",
    ),
    scheme(
        "br_cnpj",
        _COMPANY,
        r"\d{2}\.?\d{3}\.?\d{3}/?\d{4}-?\d{2}",
        checks.check_br_cnpj,
        words="cnpj",
        strong=r"\d\d\.\d{3}\.\d{3}/\d{4}-\d\d",
    ),
    scheme("ar_cuit", _ID, r"\d{2}-?\d{8}-?\d", checks.check_ar_cuit, words="cui[tl]", strong=r"\d\d-\d{8}-\d"),
    scheme("ar_dni", _ID, r"\d{1,2}\.?\d{3}\.?\d{3}", words="dni|documento"),
    scheme("ar_cbu", Kind.BANK, r"\d{8} ?\d{14}", checks.check_ar_cbu, words="cbu", strong=STRONG),
    scheme(
        "cl_rut",
        _ID,
        r"(?:CL ?)?\d{1,2}\.?\d{3}\.?\d{3}-?[0-9K]",
        checks.check_cl_rut,
        words="rut\\b|run\\b",
        strong=r"\d{1,2}\.\d{3}\.\d{3}-[0-9K]|\d{7,8}-[0-9K]",
    ),
    scheme("co_nit", _COMPANY, r"\d{3}\.?\d{3}\.?\d{3}-?\d", checks.check_co_nit, words="nit\\b"),
    scheme("cr_cpf", _ID, r"0?[1-9]-?\d{4}-?\d{4}", words="cedula|cédula"),
    scheme("cu_ni", _ID, r"\d{11}", checks.check_cu_ni, words="carne|identidad"),
    scheme("do_cedula", _ID, r"\d{3}-?\d{7}-?\d", checksums.check_luhn, words="cedula", strong=r"\d{3}-\d{7}-\d"),
    scheme("do_rnc", _COMPANY, r"\d-?\d{2}-?\d{5}-?\d", checks.check_do_rnc, words="rnc"),
    scheme("ec_ci", _ID, r"\d{9}-?\d", checks.check_ec_ci, words="cedula|ruc"),
    scheme("gt_nit", _COMPANY, r"\d{3,11}-?[0-9K]", checks.check_gt_nit, words="nit\\b"),
    scheme("pe_ruc", _COMPANY, r"(?:10|15|17|20)\d{9}", checks.check_pe_ruc, words="ruc\\b"),
    scheme("pe_cui", _ID, r"\d{8}-?[0-9A-K]", checks.check_pe_cui, words="dni|cui\\b"),
    scheme("py_ruc", _COMPANY, r"\d{4,8}-?\d", checks.check_py_ruc, words="ruc\\b"),
    scheme(
        "sv_nit", _ID, r"(?:SV ?)?\d{4}-?\d{6}-?\d{3}-?\d", checks.check_sv_nit, words="nit\\b", strong=r".*-.*-.*-\d"
    ),
    scheme("uy_rut", _COMPANY, r"\d{2}-?\d{6}-?\d{3}-?\d", checks.check_uy_rut, words="rut\\b"),
    scheme("ve_rif", _ID, r"[VEJPG]-?\d{8}-?\d", checks.check_ve_rif, words="rif\\b", strong=r"[VEJPG]-.+"),
    # South and South-East Asia
    scheme(
        "in_aadhaar",
        _ID,
        r"[2-9]\d{3}([-: ]?)\d{4}\1\d{4}",
        checks.check_aadhaar,
        words="aadhaar|aadhar|uid|आधार",
        strong=r"\d{4}([-: ])\d{4}\1\d{4}",
    ),
    scheme("in_vid", _ID, r"[2-9]\d{3}(?: ?\d{4}){3}", checks.check_aadhaar, words="vid\\b|virtual"),
    scheme("in_pan", _ID, r"[A-Z]{3}[ABCFGHJLPTN][A-Z]\d{4}[A-Z]", checks.check_in_pan, strong=STRONG),
    # Mistyped: letters and digits in the wrong places. Counts beside its words only.
    scheme(
        "in_pan_loose",
        _ID,
        r"[A-Z](?=[A-Z0-9]{0,9}\d)[A-Z0-9]{4}(?=[A-Z0-9]{0,5}[A-Z])[A-Z0-9]{4}[A-Z]",
        words="pan\\b|income tax",
    ),
    scheme("in_gstin", _COMPANY, r"(?:[0-2]\d|3[0-8]|97|99)[A-Z]{5}\d{4}[A-Z][1-9A-Z]Z[0-9A-Z]", strong=STRONG),
    scheme("in_voter", _DOCUMENT, r"[A-Z]{3}\d{7}", words="vote|epic|election"),
    scheme("in_passport", _DOCUMENT, r"[A-PR-WY][1-9]\d{5}[1-9]", words="passport"),
    scheme(
        "in_vehicle",
        _VEHICLE,
        r"(?:A[NPR]|BR|C[GH]|D[DLN]|G[AJ]|H[PR]|J[HK]|K[AL]|L[AD]|M[HLNPZ]|NL|O[DR]|P[BY]|RJ|SK|T[NRS]|U[KP]|"
        r"WB)[ -]?\d{1,2}[ -]?[A-Z]{1,3}[ -]?\d{4}|I\d{5}",
        words="vehicle|registration|bike|car|plate|scooter",
        strong=r"[A-Z]{2}[ -]?\d\d[ -]?[A-Z]{2}[ -]?\d{4}",
    ),
    scheme("pk_cnic", _ID, r"\d{5}-?\d{7}-?\d", words="cnic|nic\\b", strong=r"\d{5}-\d{7}-\d"),
    scheme("id_nik", _ID, r"\d{16}", checks.check_id_nik, words="nik\\b|ktp"),
    scheme(
        "id_npwp",
        _ID,
        r"\d{2}\.?\d{3}\.?\d{3}\.?\d-?\d{3}\.?\d{3}",
        words="npwp",
        strong=r"\d\d\.\d{3}\.\d{3}\.\d-\d{3}\.\d{3}",
    ),
    scheme(
        "my_nric",
        _ID,
        r"\d{6}-?\d{2}-?\d{4}",
        checks.check_my_nric,
        words="nric|mykad|kad pengenalan",
        strong=r"\d{6}-\d\d-\d{4}",
    ),
    scheme("sg_fin", _ID, r"[A-Z]\d{7}[A-Z]", words="nric|fin\\b|" + _NATIONAL, strong=r"[STFGM]\d{7}[A-Z]"),
    scheme("sg_uen", _COMPANY, r"\d{8}[A-Z]|(?:19|20)\d{7}[A-Z]|[ST]\d{2}[A-Z]{2}\d{4}[A-Z]", words="uen"),
    scheme(
        "th_pin",
        _ID,
        r"[1-8]-?\d{4}-?\d{5}-?\d{2}-?\d",
        checks.check_th_pin,
        words="thai|tnin|บัตร|ประชาชน|" + _NATIONAL,
        strong=r"\d-\d{4}-\d{5}-\d\d-\d",
    ),
    scheme(
        "ph_tin",
        _ID,
        r"\d{3}-\d{3}-\d{3}(?:-\d{3})?|\d{12}",
        checks.check_ph_tin,
        words="tin\\b|tax",
        strong=r"\d{3}-\d{3}-\d{3}-\d{3}",
    ),
    # East Asia
    scheme(
        "kr_rrn",
        _ID,
        r"\d{6}-?[0-49]\d{6}",
        checks.check_kr_rrn,
        words="rrn|resident|주민|korea",
        strong=r"\d{6}-\d{7}",
    ),
    scheme(
        "kr_frn",
        _ID,
        r"\d{6}-?[5-8]\d{6}",
        checks.check_kr_frn,
        words="frn|foreigner|외국인|korea",
        strong=r"\d{6}-\d{7}",
    ),
    scheme("kr_passport", _DOCUMENT, r"[MSRODG](?:\d{8}|\d{3}[A-Z]\d{4})", words="passport|여권"),
    scheme(
        "kr_driving_licence",
        _DOCUMENT,
        r"(?:1[1-9]|2[0-8])-?\d{2}-?\d{6}-?\d{2}",
        words=_LICENCE + "|면허",
        strong=r"\d\d-\d\d-\d{6}-\d\d",
    ),
    scheme(
        "kr_brn",
        _COMPANY,
        r"\d{3}-?\d{2}-?\d{5}",
        checks.check_kr_brn,
        words="brn|business|사업자",
        strong=r"\d{3}-\d\d-\d{5}",
    ),
    scheme(
        "jp_my_number", _ID, r"\d{4}[- ]?\d{4}[- ]?\d{4}", checks.check_jp_in, words="my number|マイナンバー|個人番号"
    ),
    scheme("jp_cn", _COMPANY, r"\d-?\d{4}-?\d{4}-?\d{4}", checks.check_jp_cn, words="法人番号|corporate number"),
    scheme("cn_ric", _ID, r"[1-9]\d{5}(?:19|20)\d{9}[0-9X]", checks.check_cn_ric, strong=STRONG),
    scheme("tw_id", _ID, r"[A-Z][12]\d{8}", checks.check_tw_id, words="taiwan|身分證|" + _NATIONAL),
    # Western Asia
    scheme("il_id", _ID, r"\d{7,8}-?\d|\d{9}", checks.check_il_id, words="teudat|zehut|זהות|israeli"),
    scheme("tr_kimlik", _ID, r"[1-9]\d{10}", checks.check_tr_kimlik, strong=STRONG),
    scheme("tr_vkn", _ID, r"\d{10}", checks.check_tr_vkn, words="vergi|vkn"),
    scheme(
        "tr_plate",
        _VEHICLE,
        r"(?:0[1-9]|[1-7]\d|8[01]) ?[A-Z]{1,3} ?\d{2,4}",
        words="plaka|plate|arac",
        strong=r"\d\d [A-Z]{2,3} \d{3,4}",
    ),
    # Africa and the Pacific
    scheme(
        "za_id",
        _ID,
        r"\d{6} ?\d{4} ?\d{3}",
        checks.check_za_id,
        words="south africa|refugee|resident|" + _NATIONAL,
    ),
    scheme("za_tin", _ID, r"\d{4}/?\d{3}/?\d{2}/?\d", checks.check_za_tin, words="tax|sars"),
    scheme("ng_nin", _ID, r"\d{11}", checksums.check_verhoeff, words="nin\\b|" + _NATIONAL),
    scheme(
        "ng_plate",
        _VEHICLE,
        r"[A-Z]{3}[- ]?\d{3}[A-Z]{2}",
        words="plate|vehicle|car",
        strong=r"[A-Z]{3}-\d{3}[A-Z]{2}",
    ),
    scheme("ke_pin", _ID, r"[AP]\d{9}[A-Z]", words="kra|pin\\b", strong=STRONG),
    scheme("au_tfn", _ID, r"\d{3} ?\d{3} ?\d{3}", checks.check_au_tfn, words="tfn|tax file"),
    scheme("au_abn", _COMPANY, r"\d{2} ?\d{3} ?\d{3} ?\d{3}", checks.check_au_abn, words="abn|business"),
    scheme("au_acn", _COMPANY, r"\d{3} ?\d{3} ?\d{3}", checks.check_au_acn, words="acn|company"),
    scheme("au_medicare", _HEALTH, r"[2-6]\d{3} ?\d{5} ?\d(?: ?\d)?", checks.check_au_medicare, words="medicare"),
    scheme("nz_ird", _ID, r"\d{2,3}-?\d{3}-?\d{3}|\d{7}-\d", checks.check_nz_ird, words="ird"),
    # Devices and vehicles of any country
    scheme(
        "imei",
        Kind.DEVICE,
        r"\d{2}-?\d{6}-?\d{6}-?\d{1,2}|\d{8}-\d{6}-\d{2}",
        lambda number: len(number) == 16 or checksums.check_luhn(number),
        words="imei|device|handset|phone id",
    ),
    scheme(
        "vin",
        _VEHICLE,
        r"(?=[A-HJ-NPR-Z0-9]{0,16}[A-Z])[A-HJ-NPR-Z0-9]{13}\d{4}",
        words="vin\\b|chassis|fahrgestell|vehicle",
    ),
)
