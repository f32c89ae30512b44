"""Are European numbers of persons and companies well formed? One function per scheme, by its published rule."""

import re
from typing import Final

from apps.privacy.pipeline import checksums
from apps.privacy.pipeline.checksums import is_date, is_short_date, sum_weighted

_DNI: Final = "TRWAGMYFPDXBNJZSQVHLCKE"
_HETU: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CODICE_ODD: Final = (1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23)
_PPS: Final = "WABCDEFGHIJKLMNOPQRSTUV"
_BALTIC: Final = ((1, 2, 3, 4, 5, 6, 7, 8, 9, 1), (3, 4, 5, 6, 7, 8, 9, 1, 2, 3))


def check_at_vnr(number: str) -> bool:
    return number[0] != "0" and sum_weighted(number, (3, 7, 9, 0, 5, 8, 4, 2, 1, 6)) % 11 == int(number[3])


def check_at_uid(number: str) -> bool:
    return (10 - (checksums.sum_luhn(number[-8:-1] + "0") + 4) % 10) % 10 == int(number[-1])


def check_be_nn(number: str) -> bool:
    month = int(number[2:4]) % 20
    key = int(number[9:])
    return month <= 12 and key in (97 - int(number[:9]) % 97, 97 - int("2" + number[:9]) % 97)


def check_be_eid(number: str) -> bool:
    return (int(number[:10]) % 97 or 97) == int(number[10:])


def check_be_vat(number: str) -> bool:
    digits = number[-10:].removeprefix("E").rjust(10, "0")
    return (int(digits[:8]) + int(digits[8:])) % 97 == 0


def check_bg_egn(number: str) -> bool:
    month = int(number[2:4])
    century, month = (1800, month - 20) if 20 < month <= 32 else (2000, month - 40) if month > 40 else (1900, month)
    good = is_date(century + int(number[:2]), month, int(number[4:6]))
    return good and sum_weighted(number, (2, 4, 8, 5, 10, 9, 7, 3, 6)) % 11 % 10 == int(number[9])


def check_bg_pnf(number: str) -> bool:
    return sum_weighted(number, (21, 19, 17, 13, 11, 9, 7, 3, 1)) % 10 == int(number[9])


def check_ch_ssn(number: str) -> bool:
    return number.startswith("756") and checksums.check_ean(number)


def check_ch_uid(number: str) -> bool:
    digits = number[-9:]
    return (11 - sum_weighted(digits[:8], (5, 4, 3, 2, 7, 6, 5, 4)) % 11) % 11 == int(digits[8])


def check_cy_vat(number: str) -> bool:
    digits = number[-9:-1]
    total = sum(int(digit) for digit in digits[1::2]) + sum(_CODICE_ODD[int(digit)] for digit in digits[::2])
    return number[-1] == chr(65 + total % 26) and not digits.startswith("12")


def check_cz_rc(number: str) -> bool:
    year, month, day = 1900 + int(number[:2]), int(number[2:4]) % 50, int(number[4:6])
    if len(number) == 9:
        year -= 100 if year >= 1980 else 0
        return year <= 1953 and is_date(year, month, day)
    year += 100 if year < 1954 else 0
    if month > 20:
        month -= 20
    return is_date(year, month, day) and int(number[:9]) % 11 % 10 == int(number[9])


def check_cz_ico(number: str) -> bool:
    return ((11 - sum_weighted(number[:7], (8, 7, 6, 5, 4, 3, 2)) % 11) % 11 or 1) % 10 == int(number[7])


def check_cz_dic(number: str) -> bool:
    digits = number.removeprefix("CZ")
    return check_cz_ico(digits) if len(digits) == 8 else check_cz_rc(digits)


def check_de_idnr(number: str) -> bool:
    counts = [number[:10].count(digit) for digit in set(number[:10])]
    repeated = [count for count in counts if count > 1]
    return number[0] != "0" and len(repeated) <= 1 and max(counts) <= 3 and checksums.check_mod_11_10(number)


def check_de_vat(number: str) -> bool:
    return number[-9] != "0" and checksums.check_mod_11_10(number[-9:])


def check_de_kvnr(number: str) -> bool:
    digits = f"{ord(number[0]) - 64:02}{number[1:9]}"
    crossed = [divmod(int(digit) * (1 + index % 2), 10) for index, digit in enumerate(digits)]
    return sum(tens + ones for tens, ones in crossed) % 10 == int(number[9])


def check_de_rvnr(number: str) -> bool:
    day, month = int(number[2:4]) % 50, int(number[4:6])
    digits = f"{number[:8]}{ord(number[8]) - 64:02}{number[9:11]}"
    products = [int(digit) * weight for digit, weight in zip(digits, (2, 1, 2, 5, 7, 1, 2, 1, 2, 1, 2, 1), strict=True)]
    check = sum(product // 10 + product % 10 for product in products) % 10
    return 1 <= day <= 31 and 1 <= month <= 12 and check == int(number[11])


def check_de_lanr(number: str) -> bool:
    check = (10 - sum_weighted(number[:6], (4, 9, 4, 9, 4, 9)) % 10) % 10
    return number[:6] != "000000" and check == int(number[6])


def check_dk_cpr(number: str) -> bool:
    return is_short_date(number[:6], "dmy")


def check_dk_cvr(number: str) -> bool:
    return number[-8] != "0" and sum_weighted(number[-8:], (2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def check_baltic(number: str) -> bool:
    century = 1800 + (int(number[0]) - 1) // 2 * 100
    first, second = (sum_weighted(number, weights) % 11 for weights in _BALTIC)
    check = first if first < 10 else second % 10
    return (number[0] == "9" or is_date(century + int(number[1:3]), int(number[3:5]), int(number[5:7]))) and (
        check == int(number[10])
    )


def check_es_dni(number: str) -> bool:
    return number[-1] == _DNI[int(number[:-1]) % 23]


def check_es_nie(number: str) -> bool:
    return number[-1] == _DNI[int("XYZ".index(number[0]).__str__() + number[1:-1]) % 23]


def check_es_cif(number: str) -> bool:
    check = (10 - checksums.sum_luhn(number[1:8] + "0") % 10) % 10
    letters, digits = number[0] in "KNPQRSW", number[0] in "ABEH"
    return (number[8] == str(check) and not letters) or (number[8] == "JABCDEFGHI"[check] and not digits)


def check_es_nif(number: str) -> bool:
    number = number.removeprefix("ES")
    if number[0] in "XYZ":
        return check_es_nie(number)
    if number[0] in "KLM":
        return number[-1] == _DNI[int(number[1:-1]) % 23]
    return check_es_dni(number) if number[0].isdigit() else check_es_cif(number)


def check_es_ccc(number: str) -> bool:
    weights = (1, 2, 4, 8, 5, 10, 9, 7, 3, 6)
    checks = [11 - sum_weighted(part, weights) % 11 for part in ("00" + number[:8], number[10:])]
    return number[8:10] == "".join(str({10: 1, 11: 0}.get(check, check)) for check in checks)


def check_fi_hetu(number: str) -> bool:
    digits = re.sub(r"\D", "", number[:-1])
    good = is_short_date(digits[:6], "dmy") and int(digits[6:9]) >= 2
    return good and _HETU[int(digits) % 31] == number[-1]


def check_fi_ytunnus(number: str) -> bool:
    return sum_weighted(number[-8:], (7, 9, 10, 5, 8, 4, 2, 1)) % 11 == 0


def check_fr_nir(number: str) -> bool:
    month = int(number[3:5])
    digits = number[:13].replace("2A", "19").replace("2B", "18")
    return (1 <= month <= 12 or month >= 20) and digits.isdigit() and 97 - int(digits) % 97 == int(number[13:])


def check_fr_nif(number: str) -> bool:
    return number[0] in "0123" and int(number[:10]) % 511 == int(number[10:])


def check_fr_siren(number: str) -> bool:
    return checksums.check_luhn(number[:9]) and checksums.check_luhn(number)


def check_fr_tva(number: str) -> bool:
    key, siren = number[-11:-9], number[-9:]
    if key.isdigit():
        return checksums.check_luhn(siren) and int(siren + "12") % 97 == int(key)
    letters = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"
    first, second = (letters.find(char) for char in key)
    check = first * 24 + second - 10 if key[0].isdigit() else first * 34 + second - 100
    return first >= 0 and second >= 0 and (int(siren) + 1 + check // 11) % 11 == check % 11


def check_gb_nhs(number: str) -> bool:
    return not checksums.is_repeated(number) and sum_weighted(number, range(10, 0, -1)) % 11 == 0


def check_gb_utr(number: str) -> bool:
    return "21987654321"[sum_weighted(number[1:], (6, 7, 8, 9, 10, 5, 4, 3, 2)) % 11] == number[0]


def check_gb_vat(number: str) -> bool:
    digits = number.removeprefix("GB")
    return (sum_weighted(digits[:7], (8, 7, 6, 5, 4, 3, 2)) + int(digits[7:9])) % 97 in (0, 42)


def check_gr_amka(number: str) -> bool:
    return is_short_date(number[:6], "dmy") and checksums.check_luhn(number)


def check_gr_vat(number: str) -> bool:
    check = 0
    for digit in number[-9:-1]:
        check = check * 2 + int(digit)
    return check * 2 % 11 % 10 == int(number[-1])


def check_hu_anum(number: str) -> bool:
    return sum_weighted(number[-8:], (9, 7, 3, 1, 9, 7, 3, 1)) % 10 == 0


def check_ie_pps(number: str) -> bool:
    number = number.removeprefix("IE")
    extra = _PPS.index(number[8]) * 9 if number[8:] and number[8] in "ABCDEFGHI" else 0
    return number[7] == _PPS[(sum_weighted(number[:7], (8, 7, 6, 5, 4, 3, 2)) + extra) % 23]


def check_is_kennitala(number: str) -> bool:
    day = int(number[:2]) - (40 if number[0] > "3" else 0)
    good = is_date(1900 + int(number[4:6]), int(number[2:4]), day) or is_date(
        2000 + int(number[4:6]), int(number[2:4]), day
    )
    return good and sum_weighted(number, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def check_it_codice(number: str) -> bool:
    values = [int(char) if char.isdigit() else ord(char) - 65 for char in number[:15]]
    total = sum(_CODICE_ODD[value] if index % 2 == 0 else value for index, value in enumerate(values))
    return number[15] == chr(65 + total % 26)


def check_it_iva(number: str) -> bool:
    return number[-11:-4] != "0000000" and checksums.check_luhn(number[-11:])


def check_lu_tva(number: str) -> bool:
    return int(number[-8:-2]) % 89 == int(number[-2:])


def check_lv_pk(number: str) -> bool:
    if number[0] > "3":
        return sum_weighted(number, (9, 1, 4, 8, 3, 10, 2, 5, 7, 6, 1)) % 11 == 3
    check = (1 + sum_weighted(number, (10, 5, 8, 4, 2, 1, 6, 3, 7, 9))) % 11 % 10
    return number[:2] == "32" or (is_short_date(number[:6], "dmy") and check == int(number[10]))


def check_mt_vat(number: str) -> bool:
    return number[-8] != "0" and sum_weighted(number[-8:], (3, 4, 6, 7, 8, 9, 10, 1)) % 37 == 0


def check_nl_bsn(number: str) -> bool:
    digits = number.rjust(9, "0")
    return int(digits) > 0 and (sum_weighted(digits[:8], range(9, 1, -1)) - int(digits[8])) % 11 == 0


def check_nl_btw(number: str) -> bool:
    number = "NL" + number.removeprefix("NL")
    return check_nl_bsn(number[2:11]) or checksums.check_mod_97_10(number)


def check_no_fodselsnummer(number: str) -> bool:
    day, month = int(number[:2]) % 40, int(number[2:4]) % 40
    date = f"{day:02}{month:02}{number[4:6]}"
    first = sum_weighted(number, (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)) % 11
    second = sum_weighted(number, (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11
    return is_short_date(date, "dmy") and first == second == 0


def check_no_orgnr(number: str) -> bool:
    return sum_weighted(number, (3, 2, 7, 6, 5, 4, 3, 2, 1)) % 11 == 0


def check_pl_pesel(number: str) -> bool:
    month = int(number[2:4])
    century = {0: 1900, 1: 2000, 2: 2100, 3: 2200, 4: 1800}.get(month // 20, 0)
    good = century > 0 and is_date(century + int(number[:2]), month % 20, int(number[4:6]))
    return good and sum_weighted(number, (1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1)) % 10 == 0


def check_pl_nip(number: str) -> bool:
    return sum_weighted(number[-10:-1], (6, 5, 7, 2, 3, 4, 5, 6, 7)) % 11 == int(number[-1])


def check_pl_regon(number: str) -> bool:
    if len(number) == 14:
        weights = (2, 4, 8, 5, 0, 9, 7, 3, 6, 1, 2, 4, 8)
        return check_pl_regon(number[:9]) and sum_weighted(number, weights) % 11 % 10 == int(number[13])
    return sum_weighted(number, (8, 9, 2, 3, 4, 5, 6, 7)) % 11 % 10 == int(number[8])


def check_pt_nif(number: str) -> bool:
    digits = number[-9:]
    return digits[0] != "0" and (11 - sum_weighted(digits[:8], range(9, 1, -1))) % 11 % 10 == int(digits[8])


def check_pt_cc(number: str) -> bool:
    values = ["0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(char) for char in reversed(number)]
    doubled = [value * (1 + index % 2) for index, value in enumerate(values)]
    return sum(value - 9 if index % 2 and value > 9 else value for index, value in enumerate(doubled)) % 10 == 0


def check_ro_cnp(number: str) -> bool:
    century = {"1": 1900, "2": 1900, "3": 1800, "4": 1800, "5": 2000, "6": 2000}.get(number[0], 1900)
    good = is_date(century + int(number[1:3]), int(number[3:5]), int(number[5:7])) and 1 <= int(number[7:9]) <= 52
    check = sum_weighted(number, (2, 7, 9, 1, 4, 6, 3, 5, 8, 2, 7, 9)) % 11
    return good and (1 if check == 10 else check) == int(number[12])


def check_ro_cui(number: str) -> bool:
    digits = number.removeprefix("RO")
    return sum_weighted(digits[:-1].rjust(9, "0"), (7, 5, 3, 2, 1, 7, 5, 3, 2)) * 10 % 11 % 10 == int(digits[-1])


def check_se_personnummer(number: str) -> bool:
    digits = number[-10:]
    date = f"{digits[:4]}{int(digits[4:6]) % 60:02}"
    good = (
        is_date(int(number[:2] + date[:2]), int(date[2:4]), int(date[4:])) if len(number) == 12 else is_short_date(date)
    )
    return good and checksums.check_luhn(digits)


def check_se_orgnr(number: str) -> bool:
    return number[-10:][2] >= "2" and checksums.check_luhn(number[-10:])


def check_se_vat(number: str) -> bool:
    digits = number.removeprefix("SE")
    return digits.endswith("01") and checksums.check_luhn(digits[:10])


def check_si_ddv(number: str) -> bool:
    digits = number[-8:]
    return digits[0] != "0" and (11 - sum_weighted(digits[:7], range(8, 1, -1)) % 11) % 10 == int(digits[7])


def check_jmbg(number: str) -> bool:
    year = int(number[4:7])
    good = is_date(year + (1000 if year > 800 else 2000), int(number[2:4]), int(number[:2]))
    return good and (11 - sum_weighted(number, (7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)) % 11) % 11 % 10 == int(number[12])


def check_ru_inn(number: str) -> bool:
    if len(number) == 10:
        return sum_weighted(number, (2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10 == int(number[9])
    first = sum_weighted(number, (7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    second = sum_weighted(number, (3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8)) % 11 % 10
    return number[10:] == f"{first}{second}"


def check_ru_snils(number: str) -> bool:
    return sum_weighted(number, range(9, 0, -1)) % 101 % 100 == int(number[9:])


def check_ua_rntrc(number: str) -> bool:
    return sum_weighted(number, (-1, 5, 7, 9, 4, 6, 10, 5, 7)) % 11 % 10 == int(number[9])


def check_al_nipt(number: str) -> bool:
    month = int(number[3:5]) % 50
    return 1 <= month <= 12 or month % 30 <= 12
