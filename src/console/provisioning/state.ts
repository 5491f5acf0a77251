/** The state of an integration in words: is it working, and if not, what is to be done? */
import { isEnabled, isPaused } from '../../crd/defaults.ts';
import type { KubeIntegration } from '../../crd/objects.ts';
import { CONDITION } from '../../crd/reasons.ts';
import type { Tone } from '../frame/pieces.tsx';

interface IntegrationState {
  readonly tone: Tone;
  readonly word: string;
  /** The operator's own message, if somebody has to know it. */
  readonly detail: string | undefined;
  readonly needsAttention: boolean;
}

const calm = (tone: Tone, word: string, detail?: string): IntegrationState => ({
  tone,
  word,
  detail,
  needsAttention: false,
});

export function stateOf(integration: KubeIntegration): IntegrationState {
  const { metadata, status } = integration;
  const conditions = status?.conditions ?? [];
  const find = (type: string) => conditions.find((each) => each.type === type);
  const isTrue = (type: string) => find(type)?.status === 'True';
  const ready = find(CONDITION.Ready);
  if (metadata.deletionTimestamp !== undefined) {
    return calm('warn', 'Being removed', ready?.message);
  }
  if (ready === undefined) {
    return calm('warn', 'Being set up', 'The operator has not looked at it yet.');
  }
  if (isTrue(CONDITION.Stalled)) {
    return { tone: 'bad', word: 'Needs attention', detail: ready.message, needsAttention: true };
  }
  if (ready.status !== 'True') {
    return { tone: 'warn', word: 'Not ready', detail: ready.message, needsAttention: true };
  }
  if (!isEnabled(integration)) {
    return calm('rest', 'Disabled', 'Every request of the identity provider is refused.');
  }
  const contended = find(CONDITION.Contended) ?? find(CONDITION.InvalidAnnotation);
  if (contended?.status === 'True') {
    return { tone: 'warn', word: 'Ready', detail: contended.message, needsAttention: true };
  }
  if (isPaused(integration)) return calm('rest', 'Paused', find(CONDITION.Paused)?.message);
  return calm('good', 'Ready');
}
