/** Where the server of this page is: all its URLs are below the page's own base. */

const PAGE = "/jmcp/workbench";

/** The URL path in front of everything of the server, without a slash at its end. */
export function basePath(pathname: string = location.pathname): string {
  const at = pathname.lastIndexOf(PAGE);
  return at < 0 ? "" : pathname.slice(0, at);
}

/** The URL of a path of the server, such as `/jmcp/v1/activity`. */
export function serverUrl(path: string): string {
  return `${location.origin}${basePath()}${path}`;
}
