/**
 * The calls of the rating loop. Every failure becomes an ApiError that knows what to do next.
 */

import { gettext } from "../words.js";

export class ApiError extends Error {
  /**
   * @param {number} status HTTP status; 0 when no answer came at all.
   * @param {{title?: string, detail?: string, results?: object[]}} problem problem+json of the server.
   * @param {number} retryAfter seconds the server asks us to wait; 0 when it does not.
   */
  constructor(status, problem = {}, retryAfter = 0) {
    super(problem.detail || problem.title || gettext("The server answered {status}.", { status }));
    this.status = status;
    this.title = problem.title || "";
    /** Of answers that were all rejected: what is wrong with each. */
    this.results = Array.isArray(problem.results) ? problem.results : [];
    this.retryAfter = retryAfter;
  }

  /** No answer came: offline, or the server is being restarted. */
  get unreachable() {
    return this.status === 0;
  }

  /** The session has ended (DRF answers 403 for that, when sessions authenticate). */
  get signedOut() {
    return this.status === 401 || (this.status === 403 && /credentials|csrf/i.test(`${this.title} ${this.message}`));
  }

  /** Refused to this person, not to what they sent: another role or session may be let through. */
  get forbidden() {
    return this.status === 401 || this.status === 403;
  }

  /** The same request may work later. */
  get temporary() {
    return this.unreachable || this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

/** Signing in again renews the token; the cookie, where scripts may read it, has the newest. */
function csrfToken(config) {
  const cookie = document.cookie.match(/(?:^|;\s*)csrftoken=([^;]+)/);
  return cookie ? decodeURIComponent(cookie[1]) : config.csrf;
}

async function post(config, url, body) {
  let response;
  try {
    response = await fetch(url, {
      method: "POST",
      credentials: "same-origin",
      redirect: "manual", // to a sign-in page: the session has ended
      keepalive: true, // an answer on its way survives the closing of the page
      headers: {
        "Content-Type": "application/json",
        Accept: "application/json",
        "X-CSRFToken": csrfToken(config),
      },
      body: JSON.stringify(body),
    });
  } catch {
    throw new ApiError(0, { title: gettext("No connection.") });
  }
  if (response.type === "opaqueredirect") throw new ApiError(401, { title: gettext("Your session has ended.") });
  let data = null;
  try {
    data = await response.json();
  } catch {
    data = null; // a proxy's error page
  }
  if (!response.ok || data === null) {
    const retryAfter = Number(response.headers.get("Retry-After")) || 0;
    throw new ApiError(response.ok ? 502 : response.status, data ?? {}, retryAfter);
  }
  return data;
}

/**
 * @param {object} config content of #rate-config.
 */
export function createApi(config) {
  return {
    /**
     * Ask for questions. `holding` names the assignments this page has already, answered or not,
     * so that the server can hand a reloaded page its own leases again without repeating any.
     *
     * @param {{mode?: string, class?: string}} wish how, and about what, the person wants to be asked.
     */
    claim: (count, holding, wish) => post(config, config.claim_url, { campaign: config.campaign, count, holding, ...wish }),
    undo: (assignment, key) => post(config, config.undo_url, { assignment, key }),
    /** What the outbox sends, by kind: answers together, the rest singly. Each comes back by its key. */
    send: {
      rating: (bodies) => post(config, config.ratings_url, { ratings: bodies }),
      skip: async ([body]) => ({ results: [await post(config, config.skip_url, body)] }),
      flag: async ([body]) => ({ results: [await post(config, config.flag_url, body)] }),
    },
  };
}
