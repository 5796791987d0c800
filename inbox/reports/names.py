"""Words for codes in files and reports. They are official papers, so they are Vietnamese whoever reads them."""

from __future__ import annotations

from collections.abc import Mapping

from inbox.tickets.vocabulary import Category, Status, Urgency

STATUS: Mapping[str, str] = {
    Status.NEW: "Mới",
    Status.ACCEPTED: "Đã tiếp nhận",
    Status.IN_PROGRESS: "Đang xử lý",
    Status.AWAITING_APPROVAL: "Chờ duyệt",
    Status.WAITING_CITIZEN: "Chờ dân bổ sung",
    Status.WAITING_OTHER: "Chờ đơn vị khác",
    Status.RESOLVED: "Đã xử lý",
    Status.CLOSED: "Đã đóng",
    Status.TRANSFERRED: "Đã chuyển",
    Status.RETURNED: "Trả lại",
    Status.REFUSED: "Từ chối",
    Status.WITHDRAWN: "Dân rút",
}
CATEGORY: Mapping[str, str] = {
    Category.PROCEDURES: "Thủ tục hành chính",
    Category.INFRASTRUCTURE: "Hạ tầng, đường sá",
    Category.FLOODING: "Ngập nước",
    Category.LIGHTING: "Chiếu sáng",
    Category.NOISE: "Tiếng ồn",
    Category.URBAN_ORDER: "Lấn chiếm lòng lề đường",
    Category.CONSTRUCTION: "Trật tự xây dựng",
    Category.ENVIRONMENT: "Vệ sinh môi trường",
    Category.SECURITY: "An ninh trật tự",
    Category.TRAFFIC: "Giao thông",
    Category.BUS: "Xe buýt",
    Category.ELECTRICITY: "Điện",
    Category.WATER: "Cấp nước",
    Category.TELECOM: "Viễn thông",
    Category.TREES: "Cây xanh",
    Category.FOOD_SAFETY: "An toàn thực phẩm",
    Category.FIRE_SAFETY: "Phòng cháy chữa cháy",
    Category.HEALTH: "Y tế",
    Category.CONDUCT: "Thái độ cán bộ",
    Category.OTHER: "Lĩnh vực khác",
}
URGENCY: Mapping[str, str] = {Urgency.NORMAL: "Thường", Urgency.URGENT: "Khẩn cấp"}
DEADLINE: Mapping[str, str] = {
    "running": "Đang tính giờ",
    "paused": "Tạm dừng",
    "met": "Đúng hạn",
    "breached": "Trễ hạn",
}
