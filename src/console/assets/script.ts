/**
 * The script of the console: copying, live refresh and search as one types. A page works without
 * it. Pages are read as documents by XMLHttpRequest, which needs no Trusted Types policy.
 */
import { LIVE_REFRESH } from '../../sso/sessions.ts';

export const SCRIPT = `'use strict';
{
  const main = document.getElementById('main');
  if (main?.dataset.address) history.replaceState(null, '', main.dataset.address);

  const load = (address, headers = {}) =>
    new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open('GET', address);
      for (const name in headers) request.setRequestHeader(name, headers[name]);
      request.responseType = 'document';
      request.timeout = 10000;
      request.onload = () => resolve(request);
      request.onerror = request.ontimeout = () => reject(new Error('unreachable'));
      request.send();
    });
  const isSignedOut = (request, address) =>
    request.responseURL !== '' &&
    new URL(request.responseURL).pathname !== new URL(address, location.href).pathname;
  const put = (id, next) => {
    const old = document.getElementById(id);
    const fresh = next?.getElementById(id);
    if (!old || !fresh || old.outerHTML === fresh.outerHTML) return;
    old.replaceWith(document.importNode(fresh, true));
  };

  document.addEventListener('click', async ({ target }) => {
    const button = target.closest('[data-copy]');
    const source = button && document.getElementById(button.dataset.copy);
    if (!source) return;
    const word = button.querySelector('span');
    try {
      await navigator.clipboard.writeText(source.value);
      word.textContent = 'Copied';
    } catch {
      source.select();
      word.textContent = 'Selected';
    }
    setTimeout(() => {
      word.textContent = 'Copy';
    }, 2000);
  });

  const refresh = async (id, seconds) => {
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      const part = document.getElementById(id);
      if (!part?.dataset.live) return;
      if (document.hidden || part.contains(document.activeElement)) continue;
      try {
        const request = await load(location.href, { '${LIVE_REFRESH}': '1' });
        if (isSignedOut(request, location.href)) return location.reload();
        if (request.status === 200) put(id, request.response);
      } catch {}
    }
  };
  for (const { id, dataset } of document.querySelectorAll('[data-live][id]'))
    refresh(id, Number(dataset.live));

  for (const form of document.querySelectorAll('form[data-search]')) {
    let timer;
    let latest = 0;
    const search = async () => {
      const turn = ++latest;
      const query = new URLSearchParams(
        [...new FormData(form)].filter(([, value]) => value !== ''),
      ).toString();
      const address = form.action.split('?')[0] + (query === '' ? '' : '?' + query);
      try {
        const request = await load(address);
        if (turn !== latest) return;
        if (isSignedOut(request, address)) return location.reload();
        put(form.dataset.search, request.response);
        history.replaceState(null, '', address);
      } catch {}
    };
    form.addEventListener('input', () => {
      clearTimeout(timer);
      timer = setTimeout(search, 150);
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      clearTimeout(timer);
      search();
    });
  }
}
`;
