"""The control page in Vietnamese: what each imitated system believes, a citizen's form, and the switches of the faults.

Builds HTML from data it is given and escapes everything; it decides and changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from connectors.sandbox.catalogue import CATEGORIES, DATA
from connectors.sandbox.complaints import Answer, Complaint, Write
from connectors.sandbox.faults import KINDS, Fault, Group
from connectors.sandbox.systems.base import System, local_text

STYLES = (DATA / "control.css").read_text(encoding="utf-8")

_SHOWN = 60
_FIRST_WARD = "26929"  # phường Bình Thạnh, where the demo officer works
_STAMP = "%d/%m %H:%M:%S"
_GROUPS = {
    Group.TRANSPORT: "Đường truyền và máy chủ",
    Group.ACCESS: "Đăng nhập",
    Group.DATA: "Dữ liệu",
    Group.FILE: "Tệp đính kèm",
    Group.WRITE: "Ghi kết quả",
}


def control_page(
    systems: Iterable[System],
    chosen: System,
    *,
    faults: Mapping[str, list[Fault]],
    wards: Mapping[str, str],
    refresh: bool = False,
    error: str = "",
) -> str:
    """The whole page, showing `chosen`; `faults` are the active ones by source, `wards` the units to choose from."""
    complaints = sorted(chosen.store.complaints(chosen.slug), key=lambda c: (c.updated_at, c.number), reverse=True)
    writes = chosen.store.writes(chosen.slug)
    other_refresh = "" if refresh else "&refresh=1"
    return f"""<!doctype html>
<html lang="vi"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(chosen.label)} · Hệ thống giả lập</title>{'<meta http-equiv="refresh" content="10">' if refresh else ""}
<link rel="stylesheet" href="/control.css"></head><body>
<header><h1>Hệ thống nguồn giả lập</h1><p>Dữ liệu do máy sinh ra, không phải phản ánh thật của người dân.</p></header>
<nav aria-label="Hệ thống">{"".join(_tab(s, s is chosen, len(faults[s.slug])) for s in systems)}</nav>
<main><div>
{f'<p class="error" role="alert">{escape(error)}</p>' if error else ""}
<section aria-labelledby="list"><h2 id="list">Phản ánh trong {escape(chosen.label)} ({len(complaints)})</h2>
<p class="muted">Mới cập nhật trước. <a href="/?source={chosen.slug}">Làm mới</a> ·
<a href="/?source={chosen.slug}{other_refresh}">{"Dừng tự làm mới" if refresh else "Tự làm mới mỗi 10 giây"}</a></p>
{"".join(_complaint(chosen, c) for c in complaints[:_SHOWN]) or "<p>Chưa có phản ánh nào.</p>"}
{f'<p class="muted">Còn {len(complaints) - _SHOWN} phản ánh cũ hơn.</p>' if len(complaints) > _SHOWN else ""}
</section></div><div>
{_citizen_form(chosen, wards)}
{_fault_forms(chosen, faults[chosen.slug])}
{_writes(writes)}
</div></main></body></html>"""


def _tab(system: System, current: bool, faults: int) -> str:
    waiting = sum(not c.answers and not c.withdrawn for c in system.store.complaints(system.slug))
    note = f"{waiting} đang chờ" + (f" · {faults} lỗi đang bật" if faults else "")
    mark = ' aria-current="page"' if current else ""
    return f'<a href="/?source={system.slug}"{mark}>{escape(system.label)}<small>{note}</small></a>'


def _complaint(system: System, complaint: Complaint) -> str:
    spot, citizen = complaint.spot, complaint.citizen
    who = " · ".join(escape(part) for part in (citizen.name, citizen.phone, citizen.email) if part) or "Không rõ"
    photos = f" · {len(complaint.photos)} ảnh" if complaint.photos else ""
    hidden = " (ẩn danh)" if citizen.anonymous else ""
    return f"""<article><h3>{escape(complaint.title or complaint.text[:80])}</h3>
<p class="muted">{escape(complaint.external_id)} · gửi {local_text(complaint.sent_at, _STAMP)} ·
{escape(CATEGORIES[complaint.category].label)}{photos} {_status(system, complaint)}</p>
<p>{escape(complaint.text[:600])}</p><p class="muted">{escape(spot.text)} · {who}{hidden}</p>
{"".join(_answer(system, answer) for answer in complaint.answers)}
{"" if complaint.withdrawn else _change_forms(system, complaint)}</article>"""


def _status(system: System, complaint: Complaint) -> str:
    if complaint.withdrawn:
        return '<span class="pill bad">Dân đã rút</span>'
    kind = "done" if complaint.status in system.closed else "open" if complaint.answers else ""
    label = system.statuses.get(complaint.status, complaint.status)
    return f'<span class="pill {kind}">{escape(label)}</span>'


def _answer(system: System, answer: Answer) -> str:
    by = answer.author or ("Một Mối" if answer.ours else "Đơn vị khác")
    label = system.statuses.get(answer.status, answer.status)
    key = f" · khóa {escape(answer.key[:12])}" if answer.key else ""
    head = f"{escape(label)} · {escape(by)} · {local_text(answer.at, _STAMP)}{key}"
    return f'<div class="answer"><p class="muted">{head}</p><p>{escape(answer.text)}</p></div>'


def _change_forms(system: System, complaint: Complaint) -> str:
    field = f"edit-{complaint.number}"
    hidden = f'<input type="hidden" name="external_id" value="{escape(complaint.external_id)}">'
    return f"""<details><summary>Người dân sửa hoặc rút</summary>
<form method="post" action="/page/{system.slug}/edit">{hidden}<label for="{field}">Nội dung</label>
<textarea id="{field}" name="text" rows="4" required>{escape(complaint.text[:5000])}</textarea>
<button class="quiet">Lưu nội dung mới</button></form>
<form method="post" action="/page/{system.slug}/withdraw">{hidden}<button class="quiet">Rút phản ánh</button></form>
</details>"""


def _citizen_form(system: System, wards: Mapping[str, str]) -> str:
    categories = "".join(f'<option value="{c.code}">{escape(c.label)}</option>' for c in CATEGORIES.values())
    units = "".join(
        f'<option value="{code}"{" selected" if code == _FIRST_WARD else ""}>{escape(name)}</option>'
        for code, name in wards.items()
    )
    return f"""<section aria-labelledby="send"><h2 id="send">Gửi phản ánh như người dân</h2>
<form method="post" action="/page/{system.slug}/complaint">
<label for="title">Tiêu đề</label><input id="title" name="title" maxlength="200">
<label for="text">Nội dung</label><textarea id="text" name="text" rows="4" required></textarea>
<label for="category">Lĩnh vực</label><select id="category" name="category">{categories}</select>
<label for="address">Nơi xảy ra</label>
<input id="address" name="address" placeholder="42/7 Đinh Bộ Lĩnh, P.26, Q. Bình Thạnh">
<label for="ward">Phường, xã (như hệ thống nguồn ghi nhận)</label>
<select id="ward" name="ward_code"><option value="">Không rõ</option>{units}</select>
<div class="row"><div><label for="name">Họ tên</label><input id="name" name="name"></div>
<div><label for="phone">Điện thoại</label><input id="phone" name="phone" inputmode="tel"></div>
<div><label for="email">E-mail</label><input id="email" name="email" type="email"></div></div>
<label class="inline"><input type="checkbox" name="anonymous" value="1"> Ẩn danh với phường</label>
<button>Gửi vào {escape(system.label)}</button></form>
<form method="post" action="/page/{system.slug}/generate">
<button class="quiet">Thêm một phản ánh ngẫu nhiên</button></form>
</section>"""


def _fault_forms(system: System, active: list[Fault]) -> str:
    switched_on = "".join(_active_fault(system, fault) for fault in active)
    kinds = "".join(_kind_options(group) for group in Group)
    return f"""<section aria-labelledby="faults"><h2 id="faults">Lỗi giả lập</h2>
<ul class="plain">{switched_on or '<li class="muted">Không có lỗi nào đang bật.</li>'}</ul>
<form method="post" action="/page/{system.slug}/fault">
<label for="kind">Loại lỗi</label><select id="kind" name="kind">{kinds}</select>
<div class="row"><div><label for="times">Số lần</label><input id="times" name="times" type="number" min="1"></div>
<div><label for="minutes">Số phút</label><input id="minutes" name="minutes" type="number" min="0.1" step="any"></div>
<div><label for="percent">Xác suất %</label>
<input id="percent" name="percent" type="number" min="1" max="100"></div></div>
<label for="fault-id">Mã phản ánh (chỉ cho lỗi của một phản ánh)</label><input id="fault-id" name="external_id">
<button>Bật lỗi</button></form></section>"""


def _kind_options(group: Group) -> str:
    options = "".join(f'<option value="{n}">{escape(k.label)}</option>' for n, k in KINDS.items() if k.group is group)
    return f'<optgroup label="{_GROUPS[group]}">{options}</optgroup>'


def _active_fault(system: System, fault: Fault) -> str:
    left = f" · còn {fault.times} lần" if fault.times is not None else ""
    until = f" · đến {local_text(fault.until, _STAMP)}" if fault.until else ""
    label = escape(KINDS[fault.kind].label)
    return f"""<li><form method="post" action="/page/{system.slug}/clear">
<input type="hidden" name="kind" value="{fault.kind}"><span class="pill bad">{label}{left}{until}</span>
<button class="quiet" aria-label="Tắt lỗi: {label}">Tắt</button></form></li>"""


def _writes(writes: list[Write]) -> str:
    rows = "".join(_write(write) for write in reversed(writes[-30:]))
    return f"""<section aria-labelledby="writes"><h2 id="writes">Lần ghi nhận được ({len(writes)})</h2>
{rows or '<p class="muted">Chưa có lần ghi nào.</p>'}</section>"""


def _write(write: Write) -> str:
    outcome = "done" if write.outcome == "applied" else "bad" if write.outcome.startswith("refused") else ""
    return f"""<article><p class="muted">{local_text(write.at, _STAMP)} · {escape(write.external_id)} ·
{escape(write.status)} · khóa {escape(write.key[:12])} <span class="pill {outcome}">{escape(write.outcome)}</span></p>
<p>{escape(write.text[:300])}</p></article>"""


def form_values(form: Mapping[str, str], *names: str) -> dict[str, Any]:
    """The named fields of a form that were filled in."""
    return {name: form[name] for name in names if form.get(name)}
