/** What tells sessions apart on the page: their ids, which the server gives of one's own only. */

interface Named {
  session?: string | null;
  session_id?: string | null;
}

export function sessionKey(row: Named): string | null {
  return row.session_id ?? row.session ?? null;
}
