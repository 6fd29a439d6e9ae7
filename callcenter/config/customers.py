"""customers.yaml: the fields of a customer, and where another program shows her. Knows no customer."""

from typing import Final

from callcenter.config.fields import text_of
from callcenter.config.form_fields import read_form_fields
from callcenter.config.sheet import Sheet, did_you_mean, shown
from callcenter.model.customer import CustomerRules
from callcenter.nodes.fields import FilledUrl, places, url_host

KEYS: Final = ("fields", "crm_url")
OF_A_CALL: Final = ("call", "caller", "number", "dialled", "queue", "agent", "language", "customer", "name")
"""What may stand in `crm_url` besides `field_NAME`. `number`: the caller's in E.164."""
FIELD: Final = "field_"


def read_customers(sheet: Sheet) -> CustomerRules:
    """What can be used; the rest's problems are on the sheet."""
    root = sheet.table((), sheet.tree.root)
    sheet.only(root, KEYS)
    fields = read_form_fields(sheet, ("fields",), root.get("fields"))
    url = ""
    if root.get("crm_url") is not None:
        url = _url(sheet, root["crm_url"], (*OF_A_CALL, *(f"{FIELD}{name}" for name in fields)))
    return CustomerRules(fields=fields, crm_url=url)


def _url(sheet: Sheet, value: object, known: tuple[str, ...]) -> str:
    path = ("crm_url",)
    text = str(getattr(value, "written", value))
    names = places(text)
    if not isinstance(value, str) or text.count("{{") != len(names) or url_host(FilledUrl(text_of(value))) is None:
        sheet.wrong(
            path,
            f"{shown(value)} is not an address of another program",
            "http:// or https://, a host in lower case, a path; {{ name }} only in the path and after ?",
        )
        return ""
    for name in names:
        if name not in known:
            sheet.wrong(path, f"{shown(name)} is not known of a customer or a call", did_you_mean(name, known))
            return ""
    return text
