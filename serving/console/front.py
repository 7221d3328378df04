"""The console's front door: cookies, sessions, forged forms, strict headers, and errors as pages.

Handlers are plain functions from a visit to a reply. They run in threads of the console's own, so that a slow report
holds up neither predictions nor the look-up of their keys.
"""

import asyncio
import secrets
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from fastapi import FastAPI, Request, Response
from sqlalchemy.exc import SQLAlchemyError

from auditing.charters.errors import ChangeUnexplained, CharterChanged, NoEarlierCharter, UnknownCharter
from auditing.errors import AuditingError, CaseNotReady, MayNotRule, ReviewIncomplete, StoreUnavailable, UnknownEvent
from auditing.log.accesses import AccessLog, Action
from auditing.log.events import Role
from auditing.people.errors import PasswordUnfit, SignInRefused, SignInSlowed
from auditing.people.sessions import LONGEST, Session, Sessions
from auditing.store.database import describe
from serving.console.visits import (
    CONSOLE,
    AskedWrongly,
    Away,
    CaseChanged,
    Download,
    FormExpired,
    NotSignedIn,
    Page,
    Preferences,
    Reply,
    RoleMissing,
    Visit,
    at_home,
)
from serving.http.edge import REQUEST_ID
from serving.http.problems import INTERNAL, kind_of
from serving.http.replies import Problems
from serving.pages.rendering import Renderer
from serving.pages.texts import Language, half
from serving.refusals import Refusal

SIGN_IN = f"{CONSOLE}/sign-in"

_SESSION, _FORM = "paidan_session", "paidan_form"
_LANGUAGE, _THEME, _KEYS = "paidan_language", "paidan_theme", "paidan_keys"
_YEAR = 365 * 24 * 3600
_THREADS = 4
_MOST_FIELDS = 50

_STATUS: Mapping[type[Exception], HTTPStatus] = {
    CaseNotReady: HTTPStatus.SERVICE_UNAVAILABLE,
    FormExpired: HTTPStatus.FORBIDDEN,
    RoleMissing: HTTPStatus.FORBIDDEN,
    MayNotRule: HTTPStatus.FORBIDDEN,
    CaseChanged: HTTPStatus.CONFLICT,
    AskedWrongly: HTTPStatus.UNPROCESSABLE_ENTITY,
    ReviewIncomplete: HTTPStatus.UNPROCESSABLE_ENTITY,
    PasswordUnfit: HTTPStatus.UNPROCESSABLE_ENTITY,
    UnknownEvent: HTTPStatus.NOT_FOUND,
    SignInRefused: HTTPStatus.UNAUTHORIZED,
    SignInSlowed: HTTPStatus.TOO_MANY_REQUESTS,
    UnknownCharter: HTTPStatus.NOT_FOUND,
    ChangeUnexplained: HTTPStatus.UNPROCESSABLE_ENTITY,
    CharterChanged: HTTPStatus.CONFLICT,
    NoEarlierCharter: HTTPStatus.CONFLICT,
}
"""Errors that only people meet; the others are in serving/http/problems.py."""

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # the id of a case is nobody else's business
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}

Handler = Callable[[Visit], Reply]


@dataclass(frozen=True, slots=True)
class _Sent:
    """What a request brought, read off it before it goes to a thread."""

    visit: Visit
    token: str
    method: str
    request_id: str
    site: str


class Front:
    """Lets people in. `secure`: whether cookies go over HTTPS only."""

    def __init__(
        self, sessions: Sessions, accesses: AccessLog, renderer: Renderer, problems: Problems, *, secure: bool
    ) -> None:
        self._sessions = sessions
        self._accesses = accesses
        self._renderer = renderer
        self._problems = problems
        self._secure = secure
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="console")
        # passwords take long to check, and anybody may send some: other pages do not wait for them
        self._gate = ThreadPoolExecutor(1, thread_name_prefix="console-sign-in")

    def close(self) -> None:
        """Let what was begun end."""
        self._threads.shutdown()
        self._gate.shutdown()

    def add(
        self,
        app: FastAPI,
        path: str,
        handler: Handler,
        *,
        method: str = "GET",
        roles: Collection[Role] = tuple(Role),
        public: bool = False,
    ) -> None:
        """Serve `path` below the console by `handler`, to people of these roles; `public`: to whoever comes."""
        threads = self._gate if public and method == "POST" else self._threads

        async def endpoint(request: Request) -> Response:
            sent = await _read(request)
            return await asyncio.get_running_loop().run_in_executor(threads, self._serve, sent, handler, public, roles)

        app.add_api_route(
            f"{CONSOLE}{path}", endpoint, methods=[method], include_in_schema=False, response_class=Response
        )

    def _serve(self, sent: _Sent, handler: Handler, public: bool, roles: Collection[Role]) -> Response:  # noqa: FBT001
        visit = sent.visit
        try:
            session = self._sessions.find(sent.token) if sent.token else None
            visit = replace(visit, session=session, form_token=session.csrf if session else visit.form_token)
            if not public:
                self._admit(visit, roles)
            if sent.method == "POST":
                _believe(visit, sent, session)
            return self._answer(visit, handler(visit))
        except NotSignedIn:
            asked = f"{visit.path}?{urlencode(visit.query)}" if visit.query else visit.path
            back = {"next": asked} if sent.method == "GET" and visit.path != CONSOLE else {}
            return self._answer(visit, Away(f"{SIGN_IN}?{urlencode(back)}" if back else SIGN_IN))
        except SQLAlchemyError as error:
            return self._answer(visit, self._trouble(StoreUnavailable(describe(error)), sent))
        except Exception as error:  # noqa: BLE001 - whatever happens, a person gets a page
            return self._answer(visit, self._trouble(error, sent))

    def _admit(self, visit: Visit, roles: Collection[Role]) -> None:
        if visit.person.role not in roles:
            self._accesses.record(visit.person.person_id, Action.REFUSED, None, visit.path)
            raise RoleMissing

    def _trouble(self, error: Exception, sent: _Sent) -> Page:
        status = _STATUS.get(type(error))
        kind = kind_of(error)
        if status is None:
            # counts it, and logs what is a defect of ours
            self._problems.answer(error, sent.request_id)
        own = isinstance(error, (Refusal, AuditingError)) and kind is not INTERNAL
        message = str(error) if status is not None or (own and not kind.detail) else kind.detail
        language = sent.visit.preferences.language
        code = status or HTTPStatus(kind.status)
        context = {"message": half(message, language), "code": code.value, "request_id": sent.request_id}
        return Page("error", context, code)

    def _answer(self, visit: Visit, reply: Reply) -> Response:
        if isinstance(reply, Away):
            response = Response(status_code=HTTPStatus.SEE_OTHER, headers=_HEADERS | {"location": reply.to})
            for name, value in reply.cookies.items():
                self._set(response, name, value)
            return response
        if isinstance(reply, Download):
            named = {"content-disposition": f'attachment; filename="{reply.name}"'}
            return Response(reply.body, media_type=reply.media_type, headers=_HEADERS | named)
        known = {"visit": visit, "session": visit.session, "preferences": visit.preferences, "here": _here(visit)}
        body = self._renderer.render(reply.template, visit.preferences.language, known | dict(reply.context))
        response = Response(body, status_code=reply.status, media_type="text/html", headers=_HEADERS)
        if visit.session is None:
            self._set(response, _FORM, visit.form_token)
        return response

    def _set(self, response: Response, name: str, value: str | None) -> None:
        if value is None:
            response.delete_cookie(name, path=CONSOLE)
            return
        age = {_SESSION: int(LONGEST.total_seconds()), _FORM: None}.get(name, _YEAR)
        response.set_cookie(name, value, max_age=age, path=CONSOLE, secure=self._secure, httponly=True, samesite="lax")

    def sign_in(self, visit: Visit) -> Reply:
        """Take a name and a password."""
        replaced = visit.session.token if visit.session else None
        name, next_page = visit.form.get("name", ""), at_home(visit.form.get("next", ""))
        try:
            session = self._sessions.sign_in(name, visit.form.get("password", ""), replaced)
        except (SignInRefused, SignInSlowed) as refused:
            message = half(str(refused), visit.preferences.language)
            return Page("sign_in", {"message": message, "next_page": next_page}, _STATUS[type(refused)])
        return Away(next_page, {_SESSION: session.token, _FORM: None})

    def sign_in_form(self, visit: Visit) -> Reply:
        """Ask for them."""
        next_page = at_home(visit.query.get("next", ""))
        return Away(next_page) if visit.session else Page("sign_in", {"message": "", "next_page": next_page})

    def sign_out(self, visit: Visit) -> Reply:
        """End the session."""
        if visit.session is not None:
            self._sessions.sign_out(visit.session)
        return Away(SIGN_IN, {_SESSION: None})

    def prefer(self, visit: Visit) -> Reply:
        """Remember a language, a theme, or whether single keys act."""
        wanted = {
            _LANGUAGE: (visit.query.get("language"), tuple(Language)),
            _THEME: (visit.query.get("theme"), ("auto", "light", "dark")),
            _KEYS: (visit.query.get("keys"), ("on", "off")),
        }
        cookies = {name: value for name, (value, allowed) in wanted.items() if value in allowed}
        return Away(at_home(visit.query.get("back", "")), cookies)


def _here(visit: Visit) -> str:
    """Give the address to come back to after a switch; that of a form's answer cannot be asked for again."""
    if visit.form:
        return CONSOLE
    return f"{visit.path}?{urlencode(visit.query)}" if visit.query else visit.path


async def _read(request: Request) -> _Sent:
    form: dict[str, str] = {}
    if request.method == "POST":
        body = await request.body()
        form = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    cookies = request.cookies
    preferences = Preferences(
        Language.ENGLISH if cookies.get(_LANGUAGE) == Language.ENGLISH else Language.CHINESE,
        {"light": "light", "dark": "dark"}.get(cookies.get(_THEME, ""), "auto"),  # type: ignore[arg-type]
        cookies.get(_KEYS) != "off",
    )
    visit = Visit(
        request.url.path,
        # a field left empty is a field not asked for
        {name: value for name, value in request.query_params.items() if value},
        {name: str(value) for name, value in request.path_params.items()},
        form,
        preferences,
        None,
        cookies.get(_FORM) or secrets.token_urlsafe(32),
        datetime.now(UTC),
    )
    return _Sent(
        visit,
        cookies.get(_SESSION, ""),
        request.method,
        request.scope[REQUEST_ID],
        request.headers.get("sec-fetch-site", ""),
    )


def _believe(visit: Visit, sent: _Sent, session: Session | None) -> None:
    """Raise FormExpired unless the form came from a page of ours."""
    if sent.site not in ("", "same-origin", "none"):
        raise FormExpired
    given = visit.form.get("csrf", "")
    meant = session.is_meant(given) if session else secrets.compare_digest(given.encode(), visit.form_token.encode())
    if not meant or not given:
        raise FormExpired
