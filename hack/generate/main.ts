/** `make generate`: crds/, policies/, the tables of docs/reference/, and what the chart takes from the code. */
import './chart/main.ts';
import './argocd.ts';
import './custom-resources.ts';
import './references.ts';
