"""Is the OA ready: its keys, its token, whether Zalo has verified it, its package and what it may still send."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.clock import VIETNAM
from bot.platforms.contract import Check
from bot.platforms.errors import SendError
from bot.platforms.text import identity
from bot.platforms.zalo import sending
from bot.platforms.zalo.webhook import mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bot.platforms.contract import Access, AppKeys
    from bot.platforms.http import Http

PACKAGE_WARNING = timedelta(days=14)

#: No source shows how the day is written, so every way that Zalo writes days elsewhere is read.
_DAYS = ("%d/%m/%Y", "%Y-%m-%d", "%Y_%m_%d")
_FALSE = ("false", "0")
_CS_QUOTA = {"quota_owner": "OA", "product_type": "cs", "quota_type": "sub_quota"}


def diagnose(http: Http, access: Access, now: datetime) -> list[Check]:
    """Ask Zalo whether the OA is ready. Nothing here can be set by a program: the console of Zalo has it all."""
    return [_keys(access.app), *_account(http, access, now), _quota(http, access, now)]


def _keys(app: AppKeys) -> Check:
    if not any(app.secrets):
        return Check("keys", ok=False, code="zalo.no_app_secret")
    if not any(app.signing):
        return Check("keys", ok=False, code="zalo.no_oa_secret")
    return Check("keys", ok=True)


def _account(http: Http, access: Access, now: datetime) -> list[Check]:
    try:
        data = _ask(http, access, now, "GET", "v2.0/oa/getoa")
    except SendError as error:
        return [_failed("token", error)]
    oa = mapping(data)
    return [_token(oa, access), _verified(oa), _package(oa, now)]


def _token(oa: Mapping[str, Any], access: Access) -> Check:
    told = identity(oa.get("oaid")) or identity(oa.get("oa_id"))
    if told != access.account:
        return Check("token", ok=False, code="zalo.token_other_oa", facts={"oa": told or ""})
    return Check("token", ok=True)


def _verified(oa: Mapping[str, Any]) -> Check:
    refused = str(oa.get("is_verified")).lower() in _FALSE
    return Check("verified", ok=not refused, code="zalo.not_verified" if refused else "")


def _package(oa: Mapping[str, Any], now: datetime) -> Check:
    day = oa.get("package_valid_through_date")
    facts = {"package": str(oa.get("package_name") or ""), "until": str(day or "")}
    ends = _end_of(day)
    if ends is not None and ends - now < PACKAGE_WARNING:
        code = "zalo.package_expired" if ends <= now else "zalo.package_expiring"
        return Check("package", ok=False, code=code, facts=facts)
    return Check("package", ok=True, facts=facts)


def _end_of(day: object) -> datetime | None:
    for form in _DAYS:
        try:
            return datetime.strptime(str(day), form).replace(tzinfo=VIETNAM) + timedelta(days=1)
        except (ValueError, OverflowError):
            continue
    return None


def _quota(http: Http, access: Access, now: datetime) -> Check:
    """Ask for the package's allowance beyond the free 48 hours."""
    try:
        data = _ask(http, access, now, "POST", "v3.0/oa/quota/message", _CS_QUOTA)
    except SendError as error:
        return _failed("quota", error)
    assets = [item for item in (data if isinstance(data, list) else [data]) if isinstance(item, dict)]
    remaining = [left for item in assets if (left := _count(item.get("remain"))) is not None]
    facts = {"remain": sum(remaining)} if remaining else None
    spent = bool(remaining) and not any(remaining)
    return Check("quota", ok=not spent, code="zalo.quota_spent" if spent else "", facts=facts)


def _count(value: object) -> int | None:
    text = identity(value) or ""
    return int(text) if text.isdecimal() and len(text) < 16 else None


def _failed(name: str, error: SendError) -> Check:
    return Check(name, ok=False, code=error.code, facts={"vendor": error.vendor} if error.vendor else None)


def _ask(http: Http, access: Access, now: datetime, method: str, path: str, body: object = None) -> object:
    answer = sending.call(http, access, method, path, body=body)
    if not isinstance(answer.json, dict) or str(answer.json.get("error")) != "0":
        raise sending.refused(answer, now)
    return answer.json.get("data")
