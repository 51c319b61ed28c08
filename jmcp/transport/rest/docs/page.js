"use strict";

// A token that came in the address leaves it, so that it is in no history and no screenshot.
const address = new URLSearchParams(location.search);
const token = address.get("token");
if (token !== null) history.replaceState(null, "", location.pathname + location.hash);

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// What Jupyter asks of its own pages: a login by cookie changes nothing without it.
const xsrf = () => document.cookie.match(/(?:^|; )_xsrf=([^;]*)/)?.[1];

function prepared(request) {
  const headers = request.headers;
  if (request.loadSpec && token) headers.Authorization = `Bearer ${token}`;
  if (!headers.Authorization && xsrf()) headers["X-XSRFToken"] = xsrf();
  request.referrerPolicy = "no-referrer";
  return request;
}

const ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  docExpansion: "list",
  filter: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: prepared,
  onComplete: () => token && ui.preauthorizeApiKey("bearer", token),
});
