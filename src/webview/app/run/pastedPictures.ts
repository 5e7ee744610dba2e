import { t } from '../l10n.ts';
import type { AddedFile } from './pictureDesk.ts';

/** The files among what is pasted or dropped that say they are pictures. */
export function picturesAmong(transfer: DataTransfer | null): AddedFile[] {
  return [...(transfer?.files ?? [])]
    .filter(({ type }) => type.startsWith('image/'))
    .map((file) => ({ name: file.name, size: file.size, read: () => base64Of(file) }));
}

/** Addresses of files that were dropped out of VS Code itself. */
export function addressesAmong(transfer: DataTransfer | null): string[] {
  const list = transfer?.getData('application/vnd.code.uri-list') ?? '';
  const lines = (list === '' ? (transfer?.getData('text/uri-list') ?? '') : list).split(/\r?\n/);
  return lines.filter((line) => line !== '' && !line.startsWith('#'));
}

/** A data address is read by the browser itself, off this thread. */
function base64Of(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener('load', () => {
      const url = typeof reader.result === 'string' ? reader.result : '';
      resolve(url.slice(url.indexOf(',') + 1));
    });
    reader.addEventListener('error', () => {
      reject(new Error(t('{0} cannot be read.', file.name)));
    });
    reader.readAsDataURL(file);
  });
}
