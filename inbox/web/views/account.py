"""What somebody does to their own account. Names, roles and units are the administrators' to change."""

from django.contrib.auth.views import PasswordChangeView
from django.contrib.messages.views import SuccessMessageMixin
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _


class ChangePassword(SuccessMessageMixin, PasswordChangeView):  # type: ignore[type-arg]
    """One's own password, against the old one. Every other session of this person ends."""

    template_name = "registration/password.html"
    success_url = reverse_lazy("inbox")
    success_message = _("The password is changed. Wherever else you were logged in, you are logged out.")
