/** Why a sign-in failed at the identity provider, for the log and for the person. */
import { errors as joseErrors } from 'jose';
import {
  AuthorizationResponseError,
  ClientError,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'openid-client';
import { BusyError } from '../access/concurrency-limit.ts';

/**
 * - `unreachable`: no response, or none in time.
 * - `unusable`: its discovery document or the registration of the client can't be used.
 * - `denied`: it sent the person back with an error.
 * - `invalid`: what it or the browser sent failed a check.
 * - `busy`: too many sign-ins are under way here.
 */
export type ProviderFailure = 'unreachable' | 'unusable' | 'denied' | 'invalid' | 'busy';

/** The message is one line without secrets. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError';
  readonly failure: ProviderFailure;

  constructor(failure: ProviderFailure, message: string) {
    super(message);
    this.failure = failure;
  }

  static otherIssuer(named: unknown, configured: string): ProviderError {
    return new ProviderError(
      'unusable',
      `the discovery document names the issuer ${String(named)}, but the configuration has ` +
        `${configured}; they must be exactly the same`,
    );
  }

  /** `issuer`: the configured one, if the error is about the discovery document. */
  static from(error: unknown, issuer?: string): ProviderError {
    if (error instanceof ProviderError) return error;
    if (error instanceof BusyError) return new ProviderError('busy', error.message);
    if (error instanceof AuthorizationResponseError) {
      const code = /^[a-z_]{1,64}$/.test(error.error) ? error.error : 'unknown_error';
      return new ProviderError('denied', `the provider sent the error ${code}`);
    }
    if (isAboutClient(error))
      return new ProviderError(
        'unusable',
        `${inWords(error)}; check clientId and clientSecretFile`,
      );
    if (issuer !== undefined && error instanceof ClientError) {
      const { cause } = error;
      const named = isMismatch(cause) ? cause.body.issuer : undefined;
      if (named !== undefined) return ProviderError.otherIssuer(named, issuer);
    }
    const failure = isUnreachable(error)
      ? 'unreachable'
      : issuer === undefined
        ? 'invalid'
        : 'unusable';
    return new ProviderError(failure, inWords(error));
  }
}

/** RFC 6749 §5.2: the provider doesn't know the client, or not with this secret. */
function isAboutClient(error: unknown): boolean {
  if (error instanceof WWWAuthenticateChallengeError)
    return error.cause.some(({ scheme }) => scheme !== 'bearer');
  const isNamed = error instanceof ResponseBodyError;
  return isNamed && ['invalid_client', 'unauthorized_client'].includes(error.error);
}

const isMismatch = (cause: unknown): cause is { readonly body: { readonly issuer: unknown } } =>
  typeof cause === 'object' &&
  cause !== null &&
  'attribute' in cause &&
  cause.attribute === 'issuer' &&
  'body' in cause &&
  typeof cause.body === 'object' &&
  cause.body !== null &&
  'issuer' in cause.body;

/** What `fetch` throws, and what its signal does after the timeout. */
function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (error instanceof joseErrors.JWKSTimeout) return true;
  if (error.name === 'TimeoutError' || error.name === 'AbortError') return true;
  if (error instanceof TypeError && error.message === 'fetch failed') return true;
  return error instanceof ClientError && error.cause !== undefined && isUnreachable(error.cause);
}

function inWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof ResponseBodyError)
    return `the token endpoint responded with ${error.status} ${error.error}`;
  if (error instanceof WWWAuthenticateChallengeError) {
    const isOfToken = error.cause.some(({ scheme }) => scheme === 'bearer');
    const endpoint = isOfToken ? 'userinfo' : 'token';
    return `the ${endpoint} endpoint responded with ${error.status}`;
  }
  const { cause } = error;
  const detail = cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : '';
  return `${error.message}${detail}`.replaceAll(/\s+/g, ' ').slice(0, 300);
}
