/** How long `Retry-After` asks to wait, in milliseconds from now (RFC 9110, 10.2.3: seconds, or a date); undefined where it says nothing. */
export function retryAfterMs(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return ms > 0 ? ms : undefined;
}

/** A time of the day on this machine's clock, `14:05`, of milliseconds since the epoch. */
export function clockTime(at: number): string {
  const date = new Date(at);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
}
