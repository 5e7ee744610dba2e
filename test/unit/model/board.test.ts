import { describe, expect, it } from 'vitest';
import { changedColumn, defaultColumns, isOverLimit, type Column } from '../../../src/model/board.ts';

const column: Column = { id: 'todo', title: 'To Do', states: ['TODO'], hideWhenEmpty: false };

describe('a column', () => {
  it('is changed in what is named only', () => {
    expect(changedColumn(column, { title: 'Next' })).toEqual({ ...column, title: 'Next' });
    expect(changedColumn(column, { isHidden: true, title: undefined })).toEqual({
      ...column,
      isHidden: true,
    });
  });

  it('loses its limit again', () => {
    const limited = changedColumn(column, { limit: 3 });
    expect(limited).toEqual({ ...column, limit: 3 });
    expect(changedColumn(limited, { limit: null })).toEqual(column);
  });

  it('is over its limit with more cards only', () => {
    expect(isOverLimit({ ...column, limit: 2 }, 2)).toBe(false);
    expect(isOverLimit({ ...column, limit: 2 }, 3)).toBe(true);
    expect(defaultColumns.some((each) => isOverLimit(each, 1000))).toBe(false);
  });
});
