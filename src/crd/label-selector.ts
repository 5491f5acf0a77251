/**
 * The schema of metav1.LabelSelector. It refuses whatever Kubernetes refuses in a selector, because
 * such a selector would not select what its author meant.
 */
import * as z from 'zod';
import { matching, rules } from './rules.ts';

const LABEL_KEY =
  '^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?' +
  '[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$';
const LABEL_VALUE = '^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$';

const labelValue = () =>
  matching(
    LABEL_VALUE,
    "must be the value of a label: empty, or letters, digits, '-', '_' and '.', with a letter " +
      'or digit at both ends',
  ).max(63);

const Requirement = z
  .object({
    key: matching(
      LABEL_KEY,
      "must be the key of a label: letters, digits, '-', '_' and '.', with a letter or digit " +
        "at both ends, optionally after a DNS name and '/'",
    )
      .max(317)
      .describe('Key of the label.'),
    operator: z
      .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
      .describe(
        'In: the label has one of the values. NotIn: the label is absent or has another value. ' +
          'Exists and DoesNotExist: the label is present or absent.',
      ),
    values: z
      .array(labelValue())
      .max(100)
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe('Values of the label: at least one with In and NotIn, otherwise none.')
      .optional(),
  })
  .meta(
    rules({
      rule: `(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)`,
      message: 'must be given with the operators In and NotIn, and with no others',
      fieldPath: '.values',
    }),
  );

export const LabelSelectorSchema = z
  .object({
    matchLabels: z
      .record(z.string(), labelValue())
      .meta({ maxProperties: 50 })
      .describe('Labels with their values; all must match.')
      .optional(),
    matchExpressions: z
      .array(Requirement)
      .max(50)
      .meta({ 'x-kubernetes-list-type': 'atomic' })
      .describe('Requirements on labels; all must be met.')
      .optional(),
  })
  .meta({ 'x-kubernetes-map-type': 'atomic' });
