"""The hub through which Django finds every model. Nobody imports from here: import from the module that owns it."""

import inbox.accounts.models
import inbox.api.models
import inbox.bulk.models
import inbox.core.models
import inbox.dashboards.models
import inbox.desk.models
import inbox.evidence.models
import inbox.notify.models
import inbox.outbox.models
import inbox.reports.models
import inbox.sla.models
import inbox.sources.models
import inbox.tickets.models
import inbox.units.models  # noqa: F401
