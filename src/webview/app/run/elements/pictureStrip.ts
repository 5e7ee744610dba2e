import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { sizeText, type Picture } from '../../../../model/picture.ts';
import { icon, iconButton } from '../../elements/controls.ts';
import { t } from '../../l10n.ts';
import type { PictureDesk } from '../pictureDesk.ts';

interface StripOptions {
  desk: PictureDesk;
  /** Left out where they cannot be removed. */
  onRemove?: (id: string) => void;
  /** Ids of those that are shown large; null where they are always small. */
  large?: ReadonlySet<string>;
  onToggle?: (id: string) => void;
}

/** Pictures of a message, small and beside each other. */
export function pictureStrip(
  pictures: readonly Picture[],
  options: StripOptions,
): TemplateResult | typeof nothing {
  if (pictures.length === 0) return nothing;
  return html`<ul class="pictures" aria-label=${t('Pictures')}>
    ${repeat(
      pictures,
      ({ id }) => id,
      (picture) => html`<li class="picture">${content(picture, options)}${removal(picture, options)}</li>`,
    )}
  </ul>`;
}

function content(picture: Picture, { desk, large, onToggle }: StripOptions): TemplateResult {
  const title = `${picture.name} (${sizeText(picture.bytes)})`;
  const url = desk.urlOf(picture);
  const image =
    url === null
      ? html`<span class="picture-missing" title=${title}
          >${icon('file-media')}<span>${picture.name}</span></span
        >`
      : html`<img src=${url} alt=${picture.name} title=${title} />`;
  if (!onToggle) return image;
  const isLarge = large?.has(picture.id) === true;
  return html`<button
    type="button"
    class="picture-toggle"
    data-large=${isLarge}
    aria-expanded=${isLarge}
    aria-label=${isLarge ? t('Show {0} small', picture.name) : t('Show {0} large', picture.name)}
    @click=${() => {
      onToggle(picture.id);
    }}
  >
    ${image}
  </button>`;
}

function removal({ id, name }: Picture, { onRemove }: StripOptions): TemplateResult | typeof nothing {
  if (!onRemove) return nothing;
  return iconButton({
    icon: 'close',
    label: t('Remove {0}', name),
    className: 'picture-remove',
    onClick: () => {
      onRemove(id);
    },
  });
}
