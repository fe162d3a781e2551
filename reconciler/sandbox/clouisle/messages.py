"""The sentences of Clouisle's answers, in the caller's language.

They are for people: a program must look at status and code, and two languages make sure it does.
"""

_ENGLISH = {
    "success": "Success",
    "login_successful": "Login successful",
    "logout_successful": "Logout successful",
    "api_key_created": "API key created successfully",
    "api_key_updated": "API key updated successfully",
    "api_key_deleted": "API key deleted successfully",
    "api_key_activated": "API key activated",
    "api_key_deactivated": "API key deactivated",
    "api_key_not_found": "API key not found",
    "already_active": "API key is already active",
    "already_inactive": "API key is already inactive",
    "agent_not_found": "Agent not found",
    "workflow_not_found": "Workflow not found",
    "bad_credentials": "Could not validate credentials",
    "bad_login": "Incorrect username or password",
    "account_locked": "The account is locked",
    "inactive_user": "Inactive user",
    "user_not_found": "User not found",
    "token_revoked": "The token has been revoked",
    "not_authenticated": "Not authenticated",
    "invalid_api_key": "Invalid API key",
    "api_key_expired": "The API key has expired",
    "not_permitted": "Operation not permitted",
    "no_agent_access": "The API key has no access to this agent",
    "validation_error": "Validation error",
    "internal_error": "Internal server error",
}

_GERMAN = {
    "success": "Erfolg",
    "login_successful": "Anmeldung erfolgreich",
    "logout_successful": "Abmeldung erfolgreich",
    "api_key_created": "API-Schlüssel angelegt",
    "api_key_updated": "API-Schlüssel geändert",
    "api_key_deleted": "API-Schlüssel gelöscht",
    "api_key_activated": "API-Schlüssel eingeschaltet",
    "api_key_deactivated": "API-Schlüssel ausgeschaltet",
    "api_key_not_found": "API-Schlüssel nicht gefunden",
    "already_active": "Der API-Schlüssel ist schon eingeschaltet",
    "already_inactive": "Der API-Schlüssel ist schon ausgeschaltet",
    "agent_not_found": "Agent nicht gefunden",
    "workflow_not_found": "Workflow nicht gefunden",
    "bad_credentials": "Die Anmeldedaten sind ungültig",
    "bad_login": "Name oder Passwort ist falsch",
    "account_locked": "Das Konto ist gesperrt",
    "inactive_user": "Das Konto ist nicht aktiv",
    "user_not_found": "Benutzer nicht gefunden",
    "token_revoked": "Das Token wurde widerrufen",
    "not_authenticated": "Nicht angemeldet",
    "invalid_api_key": "Der API-Schlüssel ist ungültig",
    "api_key_expired": "Der API-Schlüssel ist abgelaufen",
    "not_permitted": "Das ist nicht erlaubt",
    "no_agent_access": "Der API-Schlüssel darf diesen Agenten nicht nutzen",
    "validation_error": "Ungültige Eingabe",
    "internal_error": "Interner Fehler",
}

_BY_LANGUAGE = {"en": _ENGLISH, "de": _GERMAN}


def choose_language(header: str | None) -> str:
    """Choose a language by the first wish of an Accept-Language header."""
    first = (header or "").split(",")[0].split(";")[0].strip().lower()
    language = first.split("-")[0]
    return language if language in _BY_LANGUAGE else "en"


def say(sentence: str, language: str) -> str:
    """Give a sentence in a language."""
    return _BY_LANGUAGE[language][sentence]
